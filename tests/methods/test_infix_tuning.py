"""An infix made of the real keys and values of some words between source and target is those words, exactly."""

import pytest
import torch
from tests.tiny_models import DECODER_ONLY, close, tiny_backbone
from tests.tiny_runs import TEXTS, pairs_of

from foreword.backbone import Backbone, Texts
from foreword.backbone.wording import Pair
from foreword.errors import PrefixMismatch
from foreword.generation import Decoding, answers, decode_batch, padded_sources
from foreword.methods.infix_tuning import InfixTuning
from foreword.prefix import Injection, Prefix
from foreword.training.batches import collate

WORDS = [7, 61, 4]


def infix_of(backbone: Backbone, source: list[int], ahead: list[int]) -> Injection:
    """The keys and values that WORDS have behind `ahead` and the source, and those of `ahead` as a prefix."""
    all_of_them = backbone.activations([*ahead, *source, *WORDS])

    def picked(tensor: torch.Tensor) -> torch.Tensor:
        begin = len(ahead) + len(source)
        return torch.cat([tensor[:, :, begin:], tensor[:, :, : len(ahead)]], dim=2)

    keys, values = ({s: picked(t) for s, t in part.items()} for part in (all_of_them.keys, all_of_them.values))
    return Injection.of(Prefix(keys, values), infix_len=len(WORDS))


@pytest.mark.parametrize("ahead", [[], [30, 12]])
@pytest.mark.parametrize("family", DECODER_ONLY)
def test_the_target_sees_it_as_words_and_the_source_does_not(family, ahead):
    backbone = tiny_backbone(family)
    pair = pairs_of(backbone)[2]
    words, marker = pair.source[:-1], pair.source[-1]
    soft = collate(backbone, [pair])
    plain = collate(backbone, [Pair([*ahead, *words, *WORDS, marker], pair.target)])
    with torch.no_grad():
        got = backbone.logits(soft.texts, infix_of(backbone, words, ahead))[0]
        wanted = backbone.logits(plain.texts)[0]
    begin = len(ahead) + len(words)
    close(got[: len(words)], wanted[len(ahead) : begin])
    close(got[len(words) :], wanted[begin + len(WORDS) :])


@pytest.mark.parametrize("beams", [1, 3])
@pytest.mark.parametrize("family", ["gpt2", "llama", "mistral"])
def test_generation_sees_it_where_training_did(family, beams):
    """Rows of different lengths, padded on the left; each goes on as if the words stood before its marker."""
    backbone = tiny_backbone(family)
    source = pairs_of(backbone)[2].source
    injection = infix_of(backbone, source[:-1], [])
    decoding = Decoding(max_new_tokens=8, beams=beams)
    as_words = decode_batch(backbone, padded_sources(backbone, [[*source[:-1], *WORDS, source[-1]]]), decoding, None)
    assert decode_batch(backbone, padded_sources(backbone, [source]), decoding, injection) == as_words
    longer = [[9, *source[:-1], 23, source[-1]], source]
    beside = decode_batch(backbone, padded_sources(backbone, longer), decoding, injection)
    assert beside[1] == as_words[0] or beside[1][: len(as_words[0])] == as_words[0]


def test_recomputed_layers_still_know_where_it_stands():
    """Checkpointing computes a layer again after the forward pass is over."""
    backbone = tiny_backbone("gpt2")
    batch = collate(backbone, pairs_of(backbone))
    gradients = []
    for on in (False, True):
        backbone.checkpointing(on)
        method = InfixTuning(backbone, infix_len=3, mlp_dim=0, seed=1)
        with backbone.injected(method.injection()):
            backbone.logits(batch.texts, at=batch.at).float().logsumexp(-1).sum().backward()
        gradients.append([parameter.grad for parameter in method.trained_parameters().values()])
    for plain, again in zip(*gradients, strict=True):
        torch.testing.assert_close(again, plain, atol=1e-5, rtol=1e-4)


def test_one_for_another_model_is_refused():
    exported = InfixTuning(tiny_backbone("gpt2"), infix_len=3).export()
    with pytest.raises(PrefixMismatch, match="these keys and values are 3 positions of .* but tiny-llama wants 3 of"):
        InfixTuning.restored(tiny_backbone("llama"), exported, infix_len=3)
    with pytest.raises(PrefixMismatch, match="3 positions of .* but tiny-gpt2 wants 4 of"):
        InfixTuning.restored(tiny_backbone("gpt2"), exported, infix_len=4)


def test_texts_without_a_place_for_it_have_it_in_front():
    backbone = tiny_backbone("gpt2")
    method = InfixTuning(backbone, infix_len=3, mlp_dim=0)
    prefix = Prefix.from_tensors(method.export())
    plain = backbone.texts_of([5, 9, 23])
    close(backbone.logits(plain, method.injection()), backbone.logits(plain, Injection.of(prefix)))
    placed = Texts(plain.ids, plain.mask, starts=torch.tensor([2]))
    assert not torch.equal(backbone.logits(placed, method.injection()), backbone.logits(plain, method.injection()))
    assert len(answers(backbone, [s for s, _ in TEXTS], Decoding(max_new_tokens=3), method=method).texts) == len(TEXTS)
