"""What is said of a prefix's inside is what the model computes."""

import json
import re
import sys

import pytest
import torch
from tests.tiny_models import FAMILIES, sharpened, tiny_backbone
from tests.tiny_runs import data_folder, model_folder, tiny_recipe
from torch.testing import assert_close

import foreword
from foreword.backbone import Backbone
from foreword.backbone.wording import Pair
from foreword.cli import main
from foreword.errors import BadData, BadRecipe
from foreword.inspection import PAGE, look, write_inspection
from foreword.inspection.drawing import positions
from foreword.inspection.looking import without_position
from foreword.inspection.trial import Trial
from foreword.prefix import Injection, Prefix, in_a_row

WORDS, TEXT = [5, 9, 7], [4, 8, 6, 9, 3]


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_the_shares_of_words_are_those_that_the_model_itself_reports(family):
    """A prefix of real words is the words: transformers' own attention weights say how much they are given."""
    backbone = tiny_backbone(family)
    words = Injection.of(backbone.activations(WORDS))
    shares = Trial(backbone, [Pair(TEXT[:3], TEXT[3:])], None, words).attention()["decoder"]
    torch.manual_seed(0)
    model = sharpened(FAMILIES[family]())
    model.load_state_dict(backbone.model.state_dict())
    model.set_attn_implementation("eager")
    read = torch.tensor([[*WORDS, *TEXT[:4]]])
    theirs = model.eval()(read, output_attentions=True).attentions  # L x [1, N, T, T]
    expected = torch.stack([weights[0, :, len(WORDS) :, : len(WORDS)].mean(dim=1) for weights in theirs])
    assert_close(shares, expected, atol=1e-5, rtol=1e-4)


def random_prefix(backbone: Backbone, prefix_len: int, seed: int) -> Prefix:
    generator = torch.Generator().manual_seed(seed)
    sizes = {site: (s.num_layers, s.num_kv_heads, prefix_len, s.head_dim) for site, s in backbone.sites.items()}
    keys, values = ({site: torch.randn(size, generator=generator) for site, size in sizes.items()} for _ in range(2))
    return Prefix(keys, values)


@pytest.mark.parametrize("family", ["bart", "t5"])
def test_without_a_position_is_as_if_it_had_never_been(family):
    """Encoder-decoders keep their text's positions, so a prefix with one position more, and without it, is the prefix."""
    backbone = tiny_backbone(family)
    prefix, junk = random_prefix(backbone, 3, seed=1), random_prefix(backbone, 1, seed=2)
    pairs = [Pair([5, 7, 4], [6, 8, 3]), Pair([9, 4, 6, 5, 3], [7, 3])]
    longer = in_a_row([junk, prefix])
    less, alone, more = (
        Trial(backbone, pairs, None, Injection.of(one)).loss() for one in (without_position(longer, 0), prefix, longer)
    )
    assert less == pytest.approx(alone, abs=1e-5)
    assert more != pytest.approx(alone, abs=1e-4)


def test_without_a_position_layers_of_fewer_positions_keep_theirs():
    keys = {"decoder": torch.arange(12.0).view(2, 1, 3, 2)}
    prefix = Prefix(keys, keys, layer_lens={"decoder": (3, 1)})
    less = without_position(prefix, 1)
    assert less.lens("decoder") == (2, 1)
    assert_close(less.keys["decoder"][:, :, :2], prefix.keys["decoder"][:, :, [0, 2]])
    assert without_position(prefix, 0).lens("decoder") == (2, 0)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inspected")
    return model_folder(folder / "model"), data_folder(folder / "data"), folder


@pytest.fixture(scope="module")
def run(house):
    model, data, folder = house
    foreword.train(tiny_recipe(model, data), folder / "run")
    return folder / "run"


def test_everything_is_found_and_shown(run, tmp_path):
    found = look(foreword.open_run(run), "a run", size=3)
    [shares] = found.attention.values()
    assert shares.shape[2] == 3
    assert float(shares.sum(dim=2).max()) <= 1
    assert (len(found.without_position), found.num_texts) == (3, 3)
    assert all(loss > 0 for loss in found.without_layer["decoder"])
    assert_close(found.alike.diagonal(), torch.ones(3))
    data = write_inspection([found], tmp_path)
    assert json.loads((tmp_path / "inspect.json").read_text()) == data
    [attention] = data["prefixes"][0]["attention"].values()
    assert_close(torch.tensor(attention), shares, atol=1e-5, rtol=0)  # layers, heads and positions, none averaged away
    assert_close(torch.tensor(data["prefixes"][0]["alike"]), found.alike, atol=1e-5, rtol=0)
    [share] = data["prefixes"][0]["attention_share"].values()
    assert share == pytest.approx(float(shares.sum(dim=2).mean()), abs=1e-4)
    page = (tmp_path / PAGE).read_text()
    assert page.count("<svg") == 5
    assert "Inside a run" in page


@pytest.mark.parametrize("num_layers", [1, 5, 10])
def test_the_picture_of_positions_has_a_part_for_each_layer(num_layers):
    svg = positions("decoder", torch.rand(num_layers, 2, 5)).svg
    assert re.findall(r"layer \d+", svg) == [f"layer {number}" for number in range(num_layers)]
    assert svg.count("<image") == num_layers + 1  # and the scale
    assert svg.count(">position<") == svg.count(">head<") == 1


def test_looking_changes_nothing(run):
    tuned = foreword.open_run(run)
    before = tuned.generate(["a1", "b2"])
    look(tuned, "a run", size=2)
    assert tuned.generate(["a1", "b2"]) == before
    assert tuned.backbone.seam.watched is None


def test_what_has_nothing_inside_is_told(house):
    model, data, folder = house
    tuned = foreword.train(tiny_recipe(model, data, method={"name": "bias-only"}), folder / "biases")
    with pytest.raises(
        BadRecipe, match="biases is of bias-only, which trains neither a prefix nor a prompt that stands"
    ):
        look(tuned, "biases", size=2)


def test_a_split_without_examples_is_told(run, monkeypatch):
    tuned = foreword.open_run(run)
    monkeypatch.setattr(type(tuned.task), "examples", lambda *_: [])
    with pytest.raises(BadData, match="its test data has no examples to look at. Name another --split"):
        look(tuned, "a run", size=2, split="test")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["{run}", "--size", "2"], 0, "written to {run}/inspect.html"),
        (["{run}", "{run}", "--size", "2"], 2, "--out says where the page goes"),
        (["{run}", "{run}", "--size", "2", "--out", "{out}"], 0, "written to {out}/inspect.html"),
        (["nowhere/at-all"], 2, "nowhere/at-all is neither a run's folder nor a stored prefix"),
        (["{folder}"], 2, "{folder} holds no run"),
    ],
)
def test_the_command(run, tmp_path, capsys, monkeypatch, words, code, message):
    told = {"run": str(run), "folder": str(tmp_path), "out": str(tmp_path / "out")}
    monkeypatch.setattr(sys, "argv", ["foreword", "inspect", *(word.format(**told) for word in words)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == code
    assert message.format(**told) in capsys.readouterr().err
