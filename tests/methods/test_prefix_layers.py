"""Groups of layers with prefixes of their own, layers without one: in attention, in a batch with others, in files."""

import json

import pytest
import torch
from safetensors.torch import save_file
from tests.tiny_models import close, tiny_backbone
from tests.tiny_runs import TEXTS, data_folder, model_folder, prefix_method, tiny_recipe, tiny_training

import foreword
from foreword.errors import BadRecipe, PrefixMismatch, StoreError
from foreword.generation import Decoding, generate
from foreword.methods.prefix_tuning import PrefixTuning, groups_of
from foreword.prefix import Injection, Prefix, PrefixBank
from foreword.recipe import Recipe
from foreword.store import Store

SOURCES = [source for source, _ in TEXTS]


@pytest.mark.parametrize(
    ("layers", "groups"),
    [
        ("", []),
        ("1", [([1], 9)]),
        ("0-2:5, 4", [([0, 1, 2], 5), ([4], 9)]),
        ("3-3:1,0-1:9", [([3], 1), ([0, 1], 9)]),
    ],
)
def test_layers_are_named_in_groups(layers, groups):
    assert groups_of(layers, 9) == groups


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ("top", r"method: layers must be like '3-5' or '0-2:5, 3-5:20', got 'top'"),
        ("2-1", r"with 1 to prefix_len = 10 positions, got '2-1'"),
        ("0:11", r"with 1 to prefix_len = 10 positions, got '0:11'"),
        ("0:0", r"with 1 to prefix_len = 10 positions, got '0:0'"),
        ("0-2, 1", r"layers must name a layer once, got '0-2, 1'"),
        (
            "0-2:5, 3:8",
            r"8 positions at most, and prefix_len is the longest's: got 10 in '0-2:5, 3:8'\. Set prefix_len=8",
        ),
    ],
)
def test_layers_that_cannot_be_are_told(layers, message):
    with pytest.raises(BadRecipe, match=message):
        Recipe.from_dict({"method": {"name": "prefix-tuning", "layers": layers}})


def test_a_layer_that_the_model_does_not_have_is_told():
    with pytest.raises(
        BadRecipe, match=r"method\.layers: decoder attention of tiny-gpt2 has the layers 0 to \d, not 9"
    ):
        prefix_method(tiny_backbone("gpt2"), layers="9")


@pytest.mark.parametrize("family", ["gpt2", "llama", "bart", "t5", "bert"])
@pytest.mark.parametrize("text_len", [6, 330])  # materialised scores, and the fused kernel
def test_a_layer_sees_its_own_positions_and_no_others(family, text_len):
    backbone = tiny_backbone(family)
    if backbone.max_len is not None and backbone.max_len < text_len + 6:
        text_len = 6
    prefix = prefix_method(backbone, prefix_len=6).prefix()
    lens = {site: tuple([2, 0, 6, 3][: shape.num_layers]) for site, shape in prefix.sites.items()}
    ragged = Injection.of(Prefix(prefix.keys, prefix.values, layer_lens=lens)).detached()
    backbone.logits(backbone.texts_of([5 + i % 40 for i in range(text_len)]), ragged).sum().backward()
    for site, values in ragged.values.items():
        gradient = values.grad
        assert gradient is not None
        for layer, length in enumerate(lens[site]):
            assert (gradient[layer, 0, :, :length].abs().amax(dim=(0, 2)) > 0).all()
            assert (gradient[layer, 0, :, length:] == 0).all()


@pytest.mark.parametrize("family", ["gpt2", "llama", "bart"])
def test_layers_of_one_length_are_a_prefix_of_that_length(family):
    """But for the text's places, which follow the longest layer: so the whole prefix has that length too."""
    backbone, texts = tiny_backbone(family), [5, 9, 23, 11]
    prefix = prefix_method(backbone, prefix_len=4).prefix()
    even = {site: (4,) * shape.num_layers for site, shape in prefix.sites.items()}
    plain = backbone.logits(backbone.texts_of(texts), Injection.of(prefix))
    assert torch.equal(
        plain,
        backbone.logits(backbone.texts_of(texts), Injection.of(Prefix(prefix.keys, prefix.values, layer_lens=even))),
    )


@pytest.mark.parametrize("family", ["gpt2", "llama", "bart", "t5"])
def test_rows_with_uneven_prefixes_write_what_each_writes_alone(family):
    backbone = tiny_backbone(family)
    top = min(shape.num_layers for shape in backbone.sites.values()) - 1
    prefixes = [
        prefix_method(backbone, prefix_len=5, layers=f"0:2, {top}", seed=1).prefix(),
        prefix_method(backbone, prefix_len=3, seed=2).prefix(),
        prefix_method(backbone, prefix_len=4, layers=f"{top}:4", seed=3).prefix(),
    ]
    decoding = Decoding(max_new_tokens=5, batch_size=3)
    together = generate(backbone, SOURCES[:3], decoding, prefixes)
    assert together == [generate(backbone, [s], decoding, p)[0] for s, p in zip(SOURCES, prefixes, strict=False)]
    texts = backbone.texts_of([5, 6])
    from_bank = PrefixBank(prefixes).rows([0])
    close(backbone.logits(texts, from_bank), backbone.logits(texts, Injection.of(prefixes[0])))


@pytest.mark.parametrize("mlp_dim", [0, 8])
def test_groups_are_trained_apart_and_only_what_is_there_is_counted(tmp_path, mlp_dim):
    backbone = tiny_backbone("gpt2")
    method = prefix_method(backbone, prefix_len=6, mlp_dim=mlp_dim, layers="0:2, 2:6")
    shape = backbone.sites["decoder"]
    assert method.prefix().num_values == 2 * shape.num_kv_heads * shape.head_dim * (2 + 6)
    if not mlp_dim:
        assert sum(p.numel() for p in method.trained_parameters().values()) == method.prefix().num_values
    before = method.prefix()
    tiny_training(backbone, method, tmp_path, total_steps=4).run()
    after = method.prefix()
    moved = [not torch.equal(a, b) for a, b in zip(before.values["decoder"], after.values["decoder"], strict=True)]
    assert moved == [layer in (0, 2) for layer in range(shape.num_layers)]
    restored = PrefixTuning.restored(tiny_backbone("gpt2"), method.export(), layers="0:2, 2:6").prefix()
    assert restored.layer_lens == after.layer_lens
    assert all(torch.equal(t, restored.tensors()[name]) for name, t in after.tensors().items())


def test_an_uneven_prefix_starts_from_words_and_from_another(tmp_path):
    backbone = tiny_backbone("gpt2")
    method = prefix_method(backbone, prefix_len=2, mlp_dim=8, layers="1:2", init="words", init_words="a")
    words = backbone.activations(backbone.tokenizer(" a a a", add_special_tokens=False)["input_ids"][:2])
    close(method.prefix().keys["decoder"][1, :, :2], words.keys["decoder"][1])
    other = prefix_method(backbone, prefix_len=2, layers="1:2", seed=9)
    other.start(method.export())
    close(other.prefix().keys["decoder"], method.prefix().keys["decoder"])
    with pytest.raises(
        PrefixMismatch, match=r"cannot start from a prefix whose layers have .* positions: here it is \{\}"
    ):
        prefix_method(backbone, prefix_len=3).start(method.export())
    with pytest.raises(
        PrefixMismatch, match=r"whose layers differ in length cannot be cut or repeated from 2 positions to 5"
    ):
        prefix_method(backbone, prefix_len=5, init="prefix", init_prefix=method.prefix())


def test_an_uneven_prefix_is_stored_and_answers_as_before(tmp_path):
    recipe = tiny_recipe(
        model_folder(tmp_path / "model"), data_folder(tmp_path / "data"),
        method={"prefix_len": 30, "layers": "0:2, 1:30", "mlp_dim": 0},
        task={"max_target_len": 8}, generate={"max_new_tokens": 8},
    )  # fmt: skip
    tuned = foreword.train(recipe, tmp_path / "run")
    foreword.keep(tuned, "uneven", tmp_path / "store", dtype="bfloat16")
    taken = foreword.take("uneven", tmp_path / "store")
    assert taken.prefix is not None
    assert tuned.prefix is not None
    assert taken.prefix.layer_lens == tuned.prefix.layer_lens == {"decoder": (2, 30, 0)}
    store = Store(tmp_path / "store")
    assert store.verify("uneven@1")
    file = tmp_path / "store" / "uneven" / "1" / "prefix.safetensors"
    tensors = taken.prefix.tensors()
    save_file({**tensors, "decoder.lengths": tensors["decoder.lengths"][:2]}, file)
    with pytest.raises(StoreError):
        store.load("uneven@1", taken.backbone)


@pytest.mark.parametrize("lens", [(1, 2), (0, 0, 0), (5, 1, 1), (-1, 1, 1)])
def test_lengths_that_are_not_the_layers_are_refused(lens):
    prefix = prefix_method(tiny_backbone("gpt2"), prefix_len=4).prefix()
    layers = len(prefix.keys["decoder"])
    given = lens if layers == 3 or len(lens) == 2 else (*lens, *[lens[-1]] * (layers - 3))
    with pytest.raises(
        PrefixMismatch, match=r"the layers' lengths of site 'decoder' must be one for each layer, from 0 to 4"
    ):
        Prefix(prefix.keys, prefix.values, layer_lens={"decoder": given})


def test_zeros_of_layers_without_positions_are_not_counted_as_kept(tmp_path):
    recipe = tiny_recipe(
        model_folder(tmp_path / "model"), data_folder(tmp_path / "data"),
        method={"prefix_len": 4, "mlp_dim": 0, "layers": "2:4"}, train={"max_steps": 1},
    )  # fmt: skip
    tuned = foreword.train(recipe, tmp_path / "run")
    assert tuned.prefix is not None
    facts = json.loads((tmp_path / "run" / "run.json").read_text())["method"]
    assert facts["stored_parameters"] == facts["trained_parameters"] == tuned.prefix.num_values
