"""z = [PREFIX; x; PREFIX'; y] (Li and Liang, 2021, section 4.1) by hand: the logits of encoder-decoders with a prefix at each site.

What they must equal is slow and obvious: the model's own projections, norms and feed-forward parts in a loop over its layers;
one row at a time and without its padding, so that nothing has to be masked; one query and one head at a time, whose softmax is over
the prefix' keys and those of the text that it may see.
"""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from tests.tiny_models import FAMILIES, close, pair, random_prefix, sharpened, text, tokenizer
from torch import Tensor
from torch.nn import functional as F

from foreword.backbone import Backbone
from foreword.prefix import Injection, Prefix, PrefixBank

# Long enough for T5 to have words so far apart that they share a bias; the second row of either is shorter, and so padded.
SOURCES = [[7, 61, 4, 12, 33, 41, 8, 14, 3, 20, 55, 29, 46], [5, 9, 23, 17, 38]]
TARGETS = [[1, 31, 6, 12, 9, 60, 22], [1, 19, 40]]


def attended(
    x: Tensor, words: Tensor, projections: Sequence[Callable[[Tensor], Tensor]], prefix: tuple[Tensor, Tensor],
    scale: float = 1.0, bias: Tensor | None = None, causal: bool = False,
) -> Tensor:  # fmt: skip
    """[T, H * D]: what queries from x [T, E] get of [prefix; words], words being [S, E].

    Args:
        projections: to queries, keys and values.
        prefix: keys and values, each [H, P, D].
        bias: [H, T, S] added to the scores of the words; a prefix stands at no distance from them, and has none.
    """
    prefix_keys, prefix_values = prefix
    H, P, D = prefix_keys.shape
    queries, keys, values = (
        project(given).view(-1, H, D) for project, given in zip(projections, (x, words, words), strict=True)
    )
    rows = []
    for t in range(len(x)):
        seen, heads = t + 1 if causal else len(words), []
        for h in range(H):
            scores = torch.cat([prefix_keys[h], keys[:seen, h]]) @ queries[t, h] * scale
            if bias is not None:
                scores = torch.cat([scores[:P], scores[P:] + bias[h, t, :seen]])
            heads.append(torch.softmax(scores, dim=0) @ torch.cat([prefix_values[h], values[:seen, h]]))
        rows.append(torch.cat(heads))
    return torch.stack(rows)


def bart(model: Any, source: list[int], target: list[int], prefix: Prefix) -> Tensor:
    """[T', V]: norms behind every part, places counted from the text's own first word."""

    def words(stack: Any, ids: list[int]) -> Tensor:
        places = stack.embed_positions.weight[2 : 2 + len(ids)]  # BART's table begins at row 2
        return stack.layernorm_embedding(stack.embed_tokens(torch.tensor(ids)) + places)

    def attention(part: Any, x: Tensor, words: Tensor, site: str, layer: int) -> Tensor:
        own, scale = (prefix.keys[site][layer], prefix.values[site][layer]), part.head_dim**-0.5
        made = attended(x, words, (part.q_proj, part.k_proj, part.v_proj), own, scale, causal=site == "decoder")
        return part.out_proj(made)

    def fed_forward(layer: Any, x: Tensor) -> Tensor:
        return layer.final_layer_norm(x + layer.fc2(F.gelu(layer.fc1(x))))

    x, y = words(model.model.encoder, source), words(model.model.decoder, target)
    for number, layer in enumerate(model.model.encoder.layers):
        x = layer.self_attn_layer_norm(x + attention(layer.self_attn, x, x, "encoder", number))
        x = fed_forward(layer, x)
    for number, layer in enumerate(model.model.decoder.layers):
        y = layer.self_attn_layer_norm(y + attention(layer.self_attn, y, y, "decoder", number))
        y = layer.encoder_attn_layer_norm(y + attention(layer.encoder_attn, y, x, "cross", number))
        y = fed_forward(layer, y)
    return model.lm_head(y) + model.final_logits_bias[0]


def t5(model: Any, source: list[int], target: list[int], prefix: Prefix) -> Tensor:
    """[T', V]: norms ahead of every part, scores as they are, a bias for how far apart two words of one text stand."""

    def attention(part: Any, x: Tensor, words: Tensor, site: str, layer: int, bias: Tensor | None) -> Tensor:
        own = prefix.keys[site][layer], prefix.values[site][layer]
        return part.o(attended(x, words, (part.q, part.k, part.v), own, bias=bias, causal=site == "decoder"))

    def fed_forward(part: Any, x: Tensor) -> Tensor:
        return x + part.DenseReluDense.wo(F.relu(part.DenseReluDense.wi(part.layer_norm(x))))

    x, y = (model.shared(torch.tensor(ids)) for ids in (source, target))
    for_source, for_target = (
        distance_bias(stack.block[0].layer[0].SelfAttention.relative_attention_bias.weight, ids, both_ways)
        for stack, ids, both_ways in ((model.encoder, source, True), (model.decoder, target, False))
    )
    for number, block in enumerate(model.encoder.block):
        here, ahead = block.layer
        normed = here.layer_norm(x)
        x = x + attention(here.SelfAttention, normed, normed, "encoder", number, for_source)
        x = fed_forward(ahead, x)
    x = model.encoder.final_layer_norm(x)
    for number, block in enumerate(model.decoder.block):
        here, across, ahead = block.layer
        normed = here.layer_norm(y)
        y = y + attention(here.SelfAttention, normed, normed, "decoder", number, for_target)
        y = y + attention(across.EncDecAttention, across.layer_norm(y), x, "cross", number, None)
        y = fed_forward(ahead, y)
    y = model.decoder.final_layer_norm(y)
    return model.lm_head(y * model.config.d_model**-0.5 if model.config.scale_decoder_outputs else y)


def distance_bias(table: Tensor, ids: list[int], both_ways: bool) -> Tensor:
    """[H, T, T] of T5's table [32, H]: a row for each short distance, then one for several (Raffel et al., 2020, section 2.1)."""
    rows = 16 if both_ways else 32  # an encoder has half of them for words ahead, the other half for words behind
    exact = rows // 2

    def row_of(query: int, key: int) -> int:
        if key > query and not both_ways:
            return 0  # never looked at
        far = abs(key - query)
        if far >= exact:
            far = min(exact + int(math.log(far / exact) / math.log(128 / exact) * (rows - exact)), rows - 1)
        return far + (rows if key > query else 0)

    places = range(len(ids))
    return torch.stack([torch.stack([table[row_of(t, s)] for s in places]) for t in places]).permute(2, 0, 1)


def plain_and_ours(by_hand: Callable) -> tuple[Any, Backbone]:
    """A model as transformers made it, and a copy that carries prefixes."""
    torch.manual_seed(0)
    model = sharpened(FAMILIES[by_hand.__name__]()).eval()
    return model, Backbone(copy.deepcopy(model), tokenizer(), f"tiny-{by_hand.__name__}")


@pytest.mark.parametrize("by_hand", [bart, t5])
@pytest.mark.parametrize("numbers", [[0, 0], [0, 1]], ids=["one prefix", "a prefix each"])
@pytest.mark.parametrize("fused_from", [1, 320])
@torch.no_grad()
def test_logits_with_a_prefix_at_every_site_are_those_by_hand(by_hand, numbers, fused_from, monkeypatch):
    monkeypatch.setattr("foreword.prefix.attention.FUSED_FROM", fused_from)
    model, backbone = plain_and_ours(by_hand)
    prefixes = [random_prefix(backbone, 4, seed=1), random_prefix(backbone, 2, seed=2)]
    assert set(prefixes[0].sites) == {"encoder", "decoder", "cross"}
    texts = pair(
        text(SOURCES[0], [*[None] * 8, *SOURCES[1]]),
        text(TARGETS[0], [*TARGETS[1], *[None] * 4]),
    )
    got = backbone.logits(texts, PrefixBank(prefixes).rows(numbers))
    for row, number in enumerate(numbers):
        wanted = by_hand(model, SOURCES[row], TARGETS[row], prefixes[number])
        close(got[row, : len(TARGETS[row])], wanted)


@pytest.mark.parametrize("by_hand", [bart, t5])
@pytest.mark.parametrize("site", ["encoder", "decoder", "cross"])
@torch.no_grad()
def test_no_site_is_idle(by_hand, site):
    """Another prefix at one of the sites alone gives other logits, by hand too."""
    model, backbone = plain_and_ours(by_hand)
    prefix, other = (random_prefix(backbone, 3, seed) for seed in (1, 2))
    keys, values = {**prefix.keys, site: other.keys[site]}, {**prefix.values, site: other.values[site]}
    changed = replace(prefix, keys=keys, values=values)
    before, after = (by_hand(model, SOURCES[1], TARGETS[0], p) for p in (prefix, changed))
    assert (after - before).abs().max() > 0.1
    close(backbone.logits(pair(text(SOURCES[1]), text(TARGETS[0])), Injection.of(changed))[0], after)
