"""The attention functions equal the slow, obvious one, row by row and head by head, forward and backward."""

from dataclasses import dataclass

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.testing import assert_close

from foreword.prefix import attention, fused, prefix_attention, scores
from foreword.prefix.attention import hidden_positions, materialised_attention
from foreword.prefix.fused import causal_mask, fused_attention
from foreword.prefix.injection import Injection, LayerPrefix, Opened
from foreword.prefix.seam import MARK, AttentionSite, Seam

D = 8
TOLERANCE = {torch.float32: 2e-5, torch.bfloat16: 4e-2}


@dataclass
class Case:
    """Tensors of one call: query [B, H * G, T, D], key, value [B, H, S, D], prefix [H, R, P, D] twice, lengths [R]."""

    query: Tensor
    key: Tensor
    value: Tensor
    prefix: tuple[Tensor, Tensor] | None
    lengths: Tensor | None
    mask: Tensor | None
    causal: bool
    infix_len: int = 0
    starts: Tensor | None = None

    @property
    def leaves(self) -> list[Tensor]:
        return [self.query, self.key, self.value, *(self.prefix or ())]


def obvious(case, scale=D**-0.5, softcap=None, position_bias=None):
    """[B, T, H * G, D]: for every row, head and query, the softmax over the keys it may see, prefix first; in float64."""
    B, heads, T, S = *case.query.shape[:3], case.key.shape[2]
    rows = []
    for b in range(B):
        for h in range(heads):
            kv_head = h // (heads // case.key.shape[1])
            keys, values = case.key[b, kv_head].double(), case.value[b, kv_head].double()
            prefix_len = 0
            if case.prefix is not None:
                r = b // (B // case.prefix[0].shape[1])
                prefix_len = case.prefix[0].shape[2] if case.lengths is None else int(case.lengths[r])
                keys = torch.cat([case.prefix[0][kv_head, r, :prefix_len].double(), keys])
                values = torch.cat([case.prefix[1][kv_head, r, :prefix_len].double(), values])
            for t in range(T):
                score = keys @ case.query[b, h, t].double() * scale
                if softcap is not None:
                    score = softcap * torch.tanh(score / softcap)
                if position_bias is not None:
                    score = torch.cat([score[:prefix_len], score[prefix_len:] + position_bias[0, h, t].double()])
                column = S - T + t
                late = case.infix_len if case.starts is not None and column < int(case.starts[b]) else 0
                seen = [p >= late for p in range(prefix_len)] + [may_see(case, b, t, s) for s in range(S)]
                score = torch.where(torch.tensor(seen), score, -torch.inf)
                rows.append(torch.softmax(score, dim=0) @ values)
    return torch.stack(rows).view(B, heads, T, D).transpose(1, 2)


def may_see(case, b, t, s):
    if case.mask is not None:
        row = case.mask[b, 0]
        return bool(row[t, s]) if row.dtype == torch.bool else bool(row[t, s] > -1e4)
    return s <= t if case.causal else True


def made(B, R, H, G, T, S, P, masked, dtype, seed, short=False):  # noqa: PLR0913
    torch.manual_seed(seed)
    query, key, value = torch.randn(B, H * G, T, D), torch.randn(B, H, S, D), torch.randn(B, H, S, D)
    prefix = (torch.randn(H, R, P, D), torch.randn(H, R, P, D)) if P else None
    lengths = torch.randint(1, P + 1, (R,)) if P and short else None
    mask = None
    if masked in ("bool", "added"):
        seen = causal_mask(T, S, query.device) & (torch.rand(B, 1, 1, S) < 0.6)
        seen[..., 0] |= P == 0  # without a prefix, a query that sees nothing has no answer
        mask = (
            seen
            if masked == "bool"
            else torch.zeros(seen.shape, dtype=dtype).masked_fill(~seen, torch.finfo(dtype).min)
        )
    tensors = [query, key, value, *(prefix or ())]
    query, key, value, *kv = [t.to(dtype).requires_grad_() for t in tensors]
    return Case(query, key, value, (kv[0], kv[1]) if kv else None, lengths, mask, masked == "causal")


def materialised(case):
    mask = causal_mask(case.query.shape[2], case.key.shape[2], case.query.device) if case.causal else case.mask
    return materialised_attention(case.query, case.key, case.value, case.prefix, hidden(case), mask, D**-0.5)


def with_fused_kernel(case):
    prefix, mask = case.prefix, case.mask
    return fused_attention(case.query, case.key, case.value, prefix, hidden(case), mask, case.causal, D**-0.5)


def hidden(case):
    if case.prefix is None:
        return None
    now = Opened({}, case.lengths, case.prefix[0].shape[2], None, case.infix_len, case.starts)
    keys, values = case.prefix
    return hidden_positions(now, LayerPrefix(keys, values, case.lengths), case.query, case.key)


def gradients(out, case, towards):
    return torch.autograd.grad((out.double() * towards).sum(), case.leaves, retain_graph=True)


@pytest.mark.parametrize("function", [materialised, with_fused_kernel])
@settings(max_examples=40, deadline=None, derandomize=True)
@example(2, 2, 2, 2, 4, 0, 3, True, "causal", torch.float32, 0)  # a prefix per row, of its own length
@example(2, 3, 2, 2, 3, 2, 4, True, "bool", torch.float32, 1)  # fewer queries than keys, beams
@example(1, 1, 1, 1, 1, 0, 2, False, "none", torch.float32, 2)
@example(2, 1, 2, 3, 4, 0, 3, True, "added", torch.bfloat16, 3)
@example(1, 2, 1, 2, 5, 0, 0, False, "causal", torch.float32, 4)  # no prefix at all
@given(
    R=st.integers(1, 3), beams=st.integers(1, 3), H=st.integers(1, 2), G=st.integers(1, 3), T=st.integers(1, 5),
    earlier=st.integers(0, 3), P=st.integers(0, 4), short=st.booleans(),
    masked=st.sampled_from(["bool", "added", "causal", "none"]),
    dtype=st.sampled_from([torch.float32, torch.bfloat16]), seed=st.integers(0, 99),
)  # fmt: skip
def test_it_equals_the_obvious_loop(function, R, beams, H, G, T, earlier, P, short, masked, dtype, seed):
    case = made(R * beams, R, H, G, T, T + earlier, P, masked, dtype, seed, short)
    out, wanted = function(case), obvious(case)
    near = TOLERANCE[dtype]
    assert out.dtype == dtype
    assert_close(out.double(), wanted, atol=near, rtol=near)
    towards = torch.randn(wanted.shape, dtype=torch.float64)
    for got, right in zip(gradients(out, case, towards), gradients(wanted, case, towards), strict=True):
        assert_close(got.float(), right.float(), atol=4 * near, rtol=4 * near)


@pytest.mark.parametrize("function", [materialised, with_fused_kernel])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("infix_len", [1, 2, 4])
@pytest.mark.parametrize("earlier", [0, 2])
def test_words_ahead_of_an_infix_do_not_see_it(function, dtype, infix_len, earlier):
    case = made(4, 2, 2, 2, 4, 4 + earlier, 4, "causal" if earlier == 0 else "bool", dtype, seed=1, short=infix_len < 4)
    case.infix_len, case.starts = infix_len, torch.tensor([2, 0, 5, 9])
    if case.mask is not None:
        case.mask[..., 0] = True  # a query that sees neither text nor prefix has no answer
    out, wanted = function(case), obvious(case)
    assert_close(out.double(), wanted, atol=TOLERANCE[dtype], rtol=TOLERANCE[dtype])
    towards = torch.randn(wanted.shape, dtype=torch.float64)
    for got, right in zip(gradients(out, case, towards), gradients(wanted, case, towards), strict=True):
        assert_close(got.float(), right.float(), atol=4 * TOLERANCE[dtype], rtol=4 * TOLERANCE[dtype])


@pytest.mark.parametrize("function", [materialised, with_fused_kernel])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("as_bool", [True, False])
def test_a_query_that_sees_nothing_but_the_prefix_gets_the_prefix(function, dtype, as_bool):
    case = made(2, 2, 1, 2, 3, 3, 4, "bool" if as_bool else "added", dtype, seed=0)
    assert case.mask is not None
    assert case.prefix is not None
    case.mask[:, :, 0] = False if as_bool else torch.finfo(dtype).min
    out = function(case)
    for b, h in ((0, 0), (0, 1), (1, 1)):
        share = torch.softmax(case.prefix[0][0, b].double() @ case.query[b, h, 0].double() * D**-0.5, dim=0)
        assert_close(
            out[b, 0, h].double(), share @ case.prefix[1][0, b].double(), atol=TOLERANCE[dtype], rtol=TOLERANCE[dtype]
        )
    assert all(torch.isfinite(g).all() for g in gradients(out, case, 1.0))


@pytest.mark.parametrize("function", [materialised, with_fused_kernel])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_row_with_a_prefix_of_no_length_has_none(function, dtype):
    """So requests with and without a prefix may share a batch."""
    case = made(2, 2, 2, 2, 3, 3, 4, "causal", dtype, seed=0)
    case.lengths = torch.tensor([4, 0])
    out = function(case)
    assert_close(out.double(), obvious(case), atol=TOLERANCE[dtype], rtol=TOLERANCE[dtype])
    assert all(torch.isfinite(g).all() for g in gradients(out, case, 1.0))


@pytest.mark.parametrize("function", [materialised, with_fused_kernel])
@pytest.mark.parametrize("masked", ["bool", "added"])
def test_a_query_that_sees_nothing_at_all_is_not_a_nan(function, masked):
    """The rows of left padding without a prefix: nobody reads them, but one NaN would spread through the values."""
    case = made(1, 1, 1, 1, 3, 3, 0, masked, torch.float32, seed=0)
    assert case.mask is not None
    case.mask[:, :, 0] = False if masked == "bool" else torch.finfo(torch.float32).min
    assert torch.isfinite(function(case)).all()


@pytest.mark.parametrize("score", [60.0, -60.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_prefix_that_draws_all_attention_or_none_is_exact_in_the_fused_kernel(score, dtype):
    case = made(1, 1, 1, 1, 3, 3, 2, "causal", dtype, seed=0)
    assert case.prefix is not None
    with torch.no_grad():
        case.prefix[0].copy_(case.query[:, :, :1] * score)
    assert_close(with_fused_kernel(case).double(), obvious(case), atol=TOLERANCE[dtype], rtol=TOLERANCE[dtype])


def test_a_high_score_keeps_its_exact_share_in_bfloat16():
    """Three positions and three words of one score, 40: half each. log(3) above 40 is not a number bfloat16 has."""
    ones = torch.ones(1, 1, 3, D, dtype=torch.bfloat16)
    out = fused_attention(5 * ones[:, :, :1], ones, 0 * ones, (ones, ones), None, None, causal=False, scale=1.0)
    assert_close(out.float(), torch.full((1, 1, 1, D), 0.5), atol=5e-3, rtol=0.0)


def test_soft_capped_scores_and_biases_of_positions_are_as_in_the_obvious_loop():
    case, bias = made(2, 1, 2, 2, 3, 4, 3, "causal", torch.float32, seed=0), torch.randn(1, 4, 3, 4)
    mask = causal_mask(3, 4, case.query.device)
    out = materialised_attention(case.query, case.key, case.value, case.prefix, None, mask, 0.7, 0.0, bias, 1.5)
    assert_close(out.double(), obvious(case, 0.7, 1.5, bias), atol=2e-5, rtol=2e-5)


def test_dropout_drops_whole_weights_and_keeps_the_mean():
    torch.manual_seed(0)
    case = made(1, 1, 1, 1, 400, 400, 4, "none", torch.float32, seed=0)
    kept = materialised_attention(case.query, case.key, case.value, case.prefix, None, None, 0.01, 0.5)
    assert_close(kept.mean(), materialised(case).mean(), atol=0.02, rtol=0.0)
    assert not torch.equal(kept, materialised(case))


# the one function that transformers calls


def module_with(seam, layer=0, is_causal=True):
    module = nn.Module()
    object.__setattr__(module, "is_causal", is_causal)
    setattr(module, MARK, AttentionSite(seam, "decoder", layer))
    return module


def one_layer(case):
    assert case.prefix is not None
    keys, values = (tensor.transpose(0, 1)[None] for tensor in case.prefix)
    return Injection({"decoder": keys}, {"decoder": values}, case.lengths)


@pytest.mark.parametrize("masked", ["bool", "added", "causal", "none"])
@pytest.mark.parametrize("fused_from", [1, 99])
def test_short_and_long_texts_are_attended_to_alike(monkeypatch, masked, fused_from):
    monkeypatch.setattr(attention, "FUSED_FROM", fused_from)
    case, seam = made(4, 2, 2, 2, 4, 4, 3, masked, torch.float32, seed=0, short=True), Seam()
    module = module_with(seam, is_causal=masked == "causal")
    with seam.open(one_layer(case)):
        out, weights = prefix_attention(module, case.query, case.key, case.value, case.mask)
    assert weights is None
    assert_close(out.double(), obvious(case), atol=2e-5, rtol=2e-5)


def test_a_single_query_sees_all_keys_without_a_mask():
    case, seam = made(2, 1, 1, 2, 1, 5, 3, "none", torch.float32, seed=0), Seam()
    with seam.open(one_layer(case)):
        out, _ = prefix_attention(module_with(seam), case.query, case.key, case.value, None)
    assert_close(out.double(), obvious(case), atol=2e-5, rtol=2e-5)


@pytest.mark.parametrize("function", [materialised, with_fused_kernel])
def test_no_key_or_value_is_ever_spread_over_the_batch(monkeypatch, function):
    """Rows that share a prefix are one matrix product with it: R products a head, never B."""
    products = []
    real = torch.baddbmm

    def spy(onto, left, right, **given):
        products.append(tuple(right.shape))
        return real(onto, left, right, **given)

    case = made(6, 2, 2, 2, 3, 3, 5, "causal", torch.float32, seed=0)
    for module in (scores, attention, fused):
        assert not {"expand", "repeat", "repeat_interleave", "expand_as"} & set(names_in(module)), module.__name__
    monkeypatch.setattr(torch, "baddbmm", spy)
    function(case)
    heads_and_prefixes = 2 * 2
    assert [right for right in products if 5 in right] == [(heads_and_prefixes, D, 5), (heads_and_prefixes, 5, D)]


def names_in(module):
    """Every attribute that the functions of a module touch."""
    functions = [
        f for f in vars(module).values() if getattr(f, "__module__", "") == module.__name__ and hasattr(f, "__code__")
    ]
    return [name for f in functions for name in f.__code__.co_names]
