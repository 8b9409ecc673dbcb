"""How a pass is computed (long texts, compiled, half precision, sliding windows) changes nothing of what comes out."""

import pytest
import torch
from tests.tiny_models import FAMILIES, close, pair, random_prefix, text, tiny_backbone, windowed_backbone
from torch._dynamo.testing import CompileCounter
from transformers import GenerationConfig

from foreword.backbone import Backbone, Texts
from foreword.prefix import Injection, PrefixBank, attention

LONG = torch.randint(3, 97, (2, 40), generator=torch.Generator().manual_seed(0)).tolist()


def batch_for(backbone, rows):
    texts = text(*rows)
    return pair(texts, text(*(row[::-1] for row in rows))) if backbone.kind == "encoder-decoder" else texts


def bank(backbone):
    return PrefixBank([random_prefix(backbone, length, seed) for seed, length in enumerate((3, 5))]).rows([0, 1])


# long texts


@pytest.mark.parametrize("padding", [0, 7])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_long_text_takes_the_fused_kernel_and_gets_the_same_logits(family, padding, monkeypatch):
    backbone = tiny_backbone(family)
    texts = batch_for(backbone, [[*[None] * padding, *LONG[0][padding:]], LONG[1]])
    mask = texts.mask if texts.decoder_mask is None else texts.decoder_mask
    injection = bank(backbone)
    short = [backbone.logits(texts, i)[mask] for i in (injection, None)]
    taken, fused = [], attention.fused_attention
    monkeypatch.setattr(attention, "FUSED_FROM", 40)
    monkeypatch.setattr(attention, "fused_attention", lambda *args: taken.append(1) or fused(*args))
    long = [backbone.logits(texts, i)[mask] for i in (injection, None)]
    for a, b in zip(long, short, strict=True):
        close(a, b)
    if family == "gemma2":
        assert not taken, "soft caps are not for the fused kernel"
    else:
        assert len(taken) == 2 * sum(site.num_layers for site in backbone.sites.values())


def test_real_words_are_their_prefix_where_the_text_is_long():
    """At the length where models really change over to the fused kernel."""
    backbone = tiny_backbone("llama")
    ids = [LONG[i % 2][i % 40] for i in range(8 + attention.FUSED_FROM)]
    as_words = backbone.logits(text(ids))[:, 8:]
    close(backbone.logits(text(ids[8:]), Injection.of(backbone.activations(ids[:8]))), as_words)


@pytest.mark.parametrize("family", ["llama", "bart", "t5"])
def test_the_fused_kernel_gives_the_same_gradients(family, monkeypatch):
    backbone = tiny_backbone(family)
    texts, found = batch_for(backbone, LONG), []
    for fused_from in (41, 40):
        monkeypatch.setattr(attention, "FUSED_FROM", fused_from)
        injection = bank(backbone).detached()
        backbone.logits(texts, injection).square().mean().backward()
        found.append([t.grad for t in injection.tensors()])
    for a, b in zip(*found, strict=True):
        close(a, b)


# sliding windows


@pytest.mark.parametrize("family", ["mistral", "gemma2", "gemma3"])
def test_a_sliding_window_hides_far_words_but_never_the_prefix(family):
    backbone = windowed_backbone(family, window=8, num_layers=1)
    prefix = Injection.of(random_prefix(backbone, 3))
    ids, far = LONG[0], [LONG[0][0] + 1, *LONG[0][1:]]
    plain = backbone.logits(text(ids))[0]
    close(backbone.logits(text(far))[0, 8:], plain[8:])  # one layer: the first word is seen by the window only
    assert not torch.allclose(backbone.logits(text(far))[0, :7], plain[:7], atol=1e-3)
    with_prefix = backbone.logits(text(ids), prefix)[0]
    assert ((with_prefix - plain).abs().amax(dim=-1) > 1e-3).all(), "a position does not see the prefix"
    close(backbone.logits(text(far), prefix)[0, 8:], with_prefix[8:])


@pytest.mark.parametrize("family", ["mistral", "gemma2", "gemma3"])
def test_writing_past_a_sliding_window_equals_reading_it(family):
    """The cache forgets what the window hides; the prefix is not in it."""
    backbone = windowed_backbone(family, window=8, num_layers=3)
    prefix = bank(backbone)
    config = GenerationConfig(max_new_tokens=14, min_new_tokens=14, do_sample=False, pad_token_id=0, eos_token_id=1)
    texts = text(LONG[0][:6], [None, None, *LONG[1][:4]])
    new = backbone.generate(texts, config, prefix)
    ids, mask = (
        torch.cat([texts.ids, new], dim=1),
        torch.cat([texts.mask, torch.ones_like(new, dtype=torch.bool)], dim=1),
    )
    read = backbone.logits(Texts(ids, mask), prefix)[:, 5:-1]
    read[..., 1] = -torch.inf
    assert read.argmax(dim=-1).tolist() == new.tolist()


# compiled


@pytest.mark.parametrize("family", ["llama", "gemma2", "t5", "bert"])
def test_a_compiled_model_has_one_graph_and_the_same_logits(family):
    backbone = tiny_backbone(family)
    texts, counter = batch_for(backbone, LONG), CompileCounter()
    prefixes = [Injection.of(random_prefix(backbone, 3, seed)) for seed in range(4)]
    wanted = [backbone.logits(texts, p) for p in prefixes]
    torch._dynamo.reset()
    backbone.model.compile(backend=counter, fullgraph=True)
    frames = set()
    for prefix, right in zip(prefixes, wanted, strict=True):
        close(backbone.logits(texts, prefix), right)
        frames.add(counter.frame_count)
    assert len(frames) == 1, f"a new prefix compiled the model again: {frames}"
    plain = backbone.logits(texts)
    assert not torch.allclose(plain, wanted[0], atol=1e-2)
    torch._dynamo.reset()


@pytest.mark.filterwarnings("ignore:The .grad attribute")  # torch.compile looks at a prefix that is no leaf, in vain
@pytest.mark.parametrize("family", ["gpt2", "t5"])
def test_a_compiled_model_trains_the_prefix_alike(family):
    backbone = tiny_backbone(family)
    texts, found = batch_for(backbone, [row[:6] for row in LONG]), []
    for compiled in (False, True):
        if compiled:
            torch._dynamo.reset()
            backbone.model.compile(backend="aot_eager", fullgraph=True)
        injection = bank(backbone).detached()
        backbone.logits(texts, injection).square().mean().backward()
        found.append([t.grad for t in injection.tensors()])
    for a, b in zip(*found, strict=True):
        close(a, b)
    torch._dynamo.reset()


# half precision


@pytest.mark.parametrize("fused_from", [1, 99])
@pytest.mark.parametrize("family", FAMILIES)
def test_bfloat16_is_near_float32(family, fused_from, monkeypatch):
    monkeypatch.setattr(attention, "FUSED_FROM", fused_from)
    backbone = tiny_backbone(family, sharp=1)
    texts, injection = batch_for(backbone, [row[:12] for row in LONG]), bank(backbone)
    wanted, plain = backbone.logits(texts, injection), backbone.logits(texts)
    half = Backbone(backbone.model.bfloat16(), backbone.tokenizer, "half")
    got = half.logits(texts, injection)
    assert got.dtype == torch.bfloat16
    assert (got.float() - wanted).norm() < 0.03 * wanted.norm()
    assert (got.float() - wanted).norm() < 0.4 * (wanted - plain).norm(), "rounding must not drown the prefix"


def test_a_static_cache_gives_the_same_texts():
    """The bug: without a mask the last query was taken to see the last key, which in a static cache is an empty slot."""
    backbone = tiny_backbone("llama")
    texts = text([5, 9, 23, 7, 11])
    wanted = backbone.generate(texts, GenerationConfig(max_new_tokens=8, min_new_tokens=8, pad_token_id=0))
    static = GenerationConfig(max_new_tokens=8, min_new_tokens=8, pad_token_id=0, cache_implementation="static")
    assert torch.equal(backbone.generate(texts, static), wanted)
