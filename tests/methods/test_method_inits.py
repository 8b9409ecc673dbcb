"""Where a prefix starts from: words, nothing, another prefix, chance."""

from inspect import isabstract

import pytest
import torch
from tests.tiny_models import random_prefix, tiny_backbone

from foreword.backbone import Backbone
from foreword.errors import BadRecipe, PrefixMismatch
from foreword.methods import build_method, full_finetuning, method_class, prefix_tuning
from foreword.methods.adapters import Adapters
from foreword.methods.full_finetuning import FullFineTuning
from foreword.methods.lora import LoRA
from foreword.methods.prefix_tuning import PrefixTuning
from foreword.prefix import Prefix
from foreword.recipe import method_names, section_of

FAMILIES = ["gpt2", "llama", "bart"]


@pytest.fixture(params=FAMILIES)
def backbone(request) -> Backbone:
    return tiny_backbone(request.param)


def same(one: Prefix, other: Prefix, exact: bool) -> None:
    assert set(one.tensors()) == set(other.tensors())
    for name, tensor in one.tensors().items():
        tolerance = 0.0 if exact else 2e-4
        torch.testing.assert_close(tensor, other.tensors()[name], atol=tolerance, rtol=tolerance)


def folded(method: PrefixTuning) -> Prefix:
    return method.parameterization.fold()


@pytest.mark.parametrize("mlp_dim", [0, 16])
def test_a_prefix_from_words_is_at_once_the_words_activations(backbone, mlp_dim):
    method = PrefixTuning(backbone, prefix_len=5, mlp_dim=mlp_dim, init="words", init_words="dogs")
    ids = backbone.tokenizer(" dogs", add_special_tokens=False)["input_ids"]
    assert isinstance(ids, list)
    same(folded(method), backbone.activations(ids), exact=mlp_dim == 0)


def test_words_fewer_than_the_positions_are_said_again(backbone):
    method = PrefixTuning(backbone, prefix_len=5, mlp_dim=0, init="words", init_words="x")
    ids = backbone.tokenizer(" x", add_special_tokens=False)["input_ids"]
    assert isinstance(ids, list)
    same(folded(method), backbone.activations((ids * 3)[:5]), exact=True)


def test_words_that_are_no_token_are_refused():
    backbone = tiny_backbone("gpt2")
    backbone.tokenizer = lambda text, **_: {"input_ids": []}  # type: ignore[assignment]
    with pytest.raises(PrefixMismatch, match="must be at least one token, got none"):
        PrefixTuning(backbone, init="words", init_words="?")


@pytest.mark.parametrize("mlp_dim", [0, 16])
def test_a_zero_prefix_is_all_zeros(backbone, mlp_dim):
    method = PrefixTuning(backbone, prefix_len=4, mlp_dim=mlp_dim, init="zero")
    for name, tensor in folded(method).tensors().items():
        torch.testing.assert_close(tensor, torch.zeros_like(tensor), atol=1e-6, rtol=0, msg=name)


@pytest.mark.parametrize("mlp_dim", [0, 16])
def test_a_prefix_from_a_prefix_is_that_prefix(backbone, mlp_dim):
    given = random_prefix(backbone, 4, seed=3)
    method = PrefixTuning(backbone, prefix_len=4, mlp_dim=mlp_dim, init="prefix", init_prefix=given)
    same(folded(method), given, exact=mlp_dim == 0)


@pytest.mark.parametrize("prefix_len", [2, 7])
def test_a_prefix_of_another_length_is_cut_or_begun_again(backbone, prefix_len):
    given = random_prefix(backbone, 4, seed=3)
    method = PrefixTuning(backbone, prefix_len=prefix_len, mlp_dim=0, init="prefix", init_prefix=given)
    for name, tensor in folded(method).tensors().items():
        assert torch.equal(tensor, given.tensors()[name].repeat(1, 1, 2, 1)[:, :, :prefix_len])


def test_words_that_are_more_than_the_positions_are_refused(backbone):
    """The bug: the last words were left out without a word."""
    with pytest.raises(
        BadRecipe, match=r"init_words are 8 tokens, but the prefix has 4 positions\. Set method\.prefix_len=8 or more"
    ):
        PrefixTuning(backbone, prefix_len=4, init="words", init_words="the red")


def test_a_prefix_for_another_model_is_refused():
    given = random_prefix(tiny_backbone("llama"), 4)
    with pytest.raises(PrefixMismatch, match="the prefix was made for decoder attention with"):
        PrefixTuning(tiny_backbone("gpt2"), init="prefix", init_prefix=given)
    twin = tiny_backbone("gpt2", seed=1).activations([7, 61, 4])
    with pytest.raises(PrefixMismatch, match="made for a model with fingerprint"):
        PrefixTuning(tiny_backbone("gpt2"), init="prefix", init_prefix=twin)


@pytest.mark.parametrize("mlp_dim", [0, 16])
def test_a_random_prefix_is_its_seeds(backbone, mlp_dim):
    first, again, other = (folded(PrefixTuning(backbone, 4, mlp_dim, seed=seed)) for seed in (1, 1, 2))
    same(first, again, exact=True)
    assert not torch.equal(first.keys["decoder"], other.keys["decoder"])


def test_the_callers_random_numbers_are_left_alone(backbone):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    PrefixTuning(backbone, 4, 0, seed=1)
    assert torch.equal(torch.get_rng_state(), before)


def test_what_is_exported_runs_as_it_was_trained(backbone):
    method = PrefixTuning(backbone, 4, 8)
    before = method.prefix()
    assert before.made_for == backbone.fingerprint
    same(before, folded(method), exact=True)
    same(PrefixTuning.restored(backbone, method.export(), mlp_dim=8).prefix(), before, exact=True)
    method.load(method.export())
    same(method.prefix(), before, exact=True)
    with pytest.raises(PrefixMismatch):
        PrefixTuning.restored(tiny_backbone("t5"), method.export())


def test_weights_of_another_model_are_refused():
    exported = FullFineTuning(tiny_backbone("llama")).export()
    with pytest.raises(PrefixMismatch, match=r"these weights are not of tiny-gpt2: '.*' is .* there and .* here"):
        FullFineTuning.restored(tiny_backbone("gpt2"), exported)


@pytest.mark.parametrize(
    ("make", "refusal"),
    [
        (lambda backbone, size: Adapters(backbone, bottleneck_dim=size), "these weights are not of tiny-gpt2"),
        (
            lambda backbone, size: LoRA(backbone, rank=size),
            "these matrices are not of tiny-gpt2 at these ranks and targets",
        ),
    ],
)
def test_networks_of_other_sizes_are_refused_with_the_first_that_differs(make, refusal):
    exported = make(tiny_backbone("gpt2"), 2).export()
    with pytest.raises(PrefixMismatch, match=rf"{refusal}: '.*' is \(.*\) there and \(.*\) here"):
        make(tiny_backbone("gpt2"), 3).load(exported)


def test_full_finetuned_weights_are_restored():
    trained, fresh = tiny_backbone("gpt2", seed=1), tiny_backbone("gpt2", seed=2)
    FullFineTuning.restored(fresh, FullFineTuning(trained).export())
    assert all(torch.equal(a, b) for a, b in zip(trained.model.parameters(), fresh.model.parameters(), strict=True))


def test_a_recipe_gives_its_method(backbone):
    made = build_method(prefix_tuning.Settings(prefix_len=6, mlp_dim=0, init="zero"), backbone)
    assert isinstance(made, PrefixTuning)
    assert folded(made).prefix_len == 6
    assert isinstance(build_method(full_finetuning.Settings(), backbone), FullFineTuning)


@pytest.mark.parametrize("name", method_names())
def test_every_file_of_the_room_is_a_method_of_its_name(name):
    assert section_of(name).model_fields["name"].default == name
    assert section_of(name).__doc__, "the line that `list methods` shows"
    assert not isabstract(method_class(name))
