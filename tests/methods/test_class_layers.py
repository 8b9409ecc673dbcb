"""Methods with a layer of their own for the classes: where it starts, what is kept, and what is refused."""

import pytest
import torch
from tests.tiny_models import close, tiny_backbone

from foreword.errors import BadRecipe, PrefixMismatch
from foreword.methods.p_tuning_v2 import PTuningV2
from foreword.methods.warp import WARP


@pytest.mark.parametrize("family", ["bert", "gpt2", "t5"])
def test_warps_classes_start_from_the_words_own_vectors(family):
    """Untrained, a class' score is the logit of its word, but for the output layer's bias."""
    backbone = tiny_backbone(family)
    method = WARP(backbone, "{soft} {source}", words=[7, 30])
    texts = backbone.texts_of([5, 9, 23])
    hidden, logits = backbone.outputs(texts, None, torch.tensor([2]))
    bias = getattr(backbone.output_layer, "bias", None)
    close(method.read(hidden), logits[:, [7, 30]] - (0 if bias is None else bias[[7, 30]]))


def test_a_class_whose_word_is_several_tokens_starts_from_chance():
    one, again = (WARP(tiny_backbone("gpt2"), "{soft} {source}", words=[7, None], seed=3) for _ in range(2))
    table = tiny_backbone("gpt2").output_vectors
    assert torch.equal(one.classes[0].cpu(), table[7])
    assert not (table == one.classes[1]).all(dim=1).any()
    assert torch.equal(one.classes, again.classes)


def test_what_goes_into_the_output_layer_makes_what_comes_out():
    backbone = tiny_backbone("llama")
    hidden, logits = backbone.outputs(backbone.texts_of([5, 9, 23, 7]), None, torch.tensor([1, 3]))
    close(hidden @ backbone.output_vectors.T, logits)


def test_prefix_and_head_are_kept_without_the_mlp():
    backbone = tiny_backbone("gpt2")
    method = PTuningV2(backbone, prefix_len=4, mlp_dim=8, words=[None, None, None])
    kept = PTuningV2.restored(backbone, method.export(), prefix_len=4, mlp_dim=8, words=[None] * 3)
    assert set(kept.export()) == set(method.export())
    assert all(torch.equal(kept.export()[name], tensor) for name, tensor in method.export().items())
    assert len(kept.trained_parameters()) == 3


def test_those_of_another_task_or_model_are_refused():
    backbone, other = tiny_backbone("gpt2"), tiny_backbone("llama")
    v2, warp = PTuningV2(backbone, words=[None] * 2).export(), WARP(backbone, words=[None] * 2).export()
    with pytest.raises(PrefixMismatch, match="this layer does not read 3 classes off 32 numbers"):
        PTuningV2.restored(backbone, v2, words=[None] * 3)
    with pytest.raises(
        PrefixMismatch, match="these keys and values are 20 positions of .*, but tiny-llama wants 20 of"
    ):
        PTuningV2.restored(other, v2, words=[None] * 2)
    with pytest.raises(PrefixMismatch, match="these vectors are not for the 3 classes of this task"):
        WARP.restored(backbone, warp, words=[None] * 3)
    with pytest.raises(BadRecipe, match=r"has no place for a vector, so there is nothing to train, got '\{source\}'"):
        WARP(backbone, "{source}", [None] * 2)


def test_a_start_brings_the_prompt_and_leaves_the_classes():
    backbone = tiny_backbone("gpt2")
    two, three = WARP(backbone, words=[None] * 2, seed=1), WARP(backbone, words=[None] * 3, seed=2)
    before = three.export()["classes"]
    three.start(two.export())
    assert torch.equal(three.export()["vectors"], two.export()["vectors"])
    assert torch.equal(three.export()["classes"], before)


def test_a_prefix_behind_an_mlp_stays_behind_it_when_it_starts_from_another():
    backbone = tiny_backbone("bert")
    two = PTuningV2(backbone, prefix_len=3, mlp_dim=8, words=[None] * 2, seed=1)
    three = PTuningV2(backbone, prefix_len=3, mlp_dim=8, words=[None] * 3, seed=2)
    names, head = set(three.trained_parameters()), three.export()["class_head.weight"]
    three.start(two.export())
    assert set(three.trained_parameters()) == names
    given, kept = two.export(), three.export()
    assert torch.equal(kept["class_head.weight"], head)
    torch.testing.assert_close(kept["encoder.keys"], given["encoder.keys"], atol=1e-5, rtol=1e-4)
