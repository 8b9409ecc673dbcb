"""Prefixes as values: shapes, files, sizes, banks of many; what does not fit is refused."""

from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from foreword.errors import PrefixMismatch
from foreword.prefix import Injection, Prefix, PrefixBank, PrefixShape, SiteShape
from foreword.prefix.init import resized, zero_prefix

DECODER = {"decoder": SiteShape(3, 2, 4)}


def prefix(prefix_len, seed=0, sites=("decoder",), num_layers=3):
    made = torch.Generator().manual_seed(seed)
    kv = {s: torch.randn(2, num_layers, 2, prefix_len, 4, generator=made) for s in sites}
    return Prefix({s: x[0] for s, x in kv.items()}, {s: x[1] for s, x in kv.items()})


def test_a_prefix_knows_its_shape_and_size():
    made = prefix(5, sites=("encoder", "decoder"))
    assert made.prefix_len == 5
    assert made.sites == {"encoder": SiteShape(3, 2, 4), "decoder": SiteShape(3, 2, 4)}
    assert made.num_values == 2 * 2 * 3 * 2 * 5 * 4
    assert made.to(dtype=torch.bfloat16).num_values == made.num_values


def test_a_prefix_survives_as_named_tensors():
    made = prefix(5, sites=("encoder", "cross"))
    named = made.tensors()
    assert sorted(named) == ["cross.keys", "cross.values", "encoder.keys", "encoder.values"]
    again = Prefix.from_tensors(named)
    assert again.sites == made.sites
    assert all(torch.equal(t, named[n]) for n, t in again.tensors().items())


KEYS = torch.zeros(3, 2, 5, 4)


@pytest.mark.parametrize(
    ("keys", "values", "message"),
    [
        ({}, {}, r"must be given for the same sites; got keys for \[\]"),
        ({"decoder": KEYS}, {"encoder": KEYS}, r"got keys for \['decoder'\], values for \['encoder'\]"),
        (
            {"decoder": KEYS},
            {"decoder": KEYS[:2]},
            r"must both be \[L, H, P, D\]; got \[3, 2, 5, 4\] and \[2, 2, 5, 4\]",
        ),
        ({"decoder": KEYS[0]}, {"decoder": KEYS[0]}, r"must both be \[L, H, P, D\]; got \[2, 5, 4\]"),
        (
            {"decoder": KEYS, "cross": KEYS[:, :, 1:]},
            {"decoder": KEYS, "cross": KEYS[:, :, 1:]},
            r"same number of .* got \[4, 5\]",
        ),
        ({"decoder": KEYS[:, :, :0]}, {"decoder": KEYS[:, :, :0]}, "at least 1 position, got 0"),
        ({"deocder": KEYS}, {"deocder": KEYS}, "sites must be some of encoder, decoder, cross; got deocder"),
    ],
)
def test_keys_and_values_that_make_no_prefix_are_refused(keys, values, message):
    with pytest.raises(PrefixMismatch, match=message):
        Prefix(keys, values)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PrefixShape(0, DECODER, 4), "at least 1 position, got prefix_len = 0"),
        (lambda: PrefixShape(3, {}, 4), "sites must be some of encoder, decoder, cross; got none"),
        (lambda: PrefixShape(3, {"middle": DECODER["decoder"]}, 4), "got middle"),
        (lambda: Prefix.from_tensors({"decoder.biases": KEYS}), "'decoder.biases' is not part of a prefix"),
        (
            lambda: Prefix.from_tensors({"weights": KEYS}),
            "'weights' is not part of a prefix; expected names like 'decoder.keys'",
        ),
        (lambda: Prefix.from_tensors({"decoder.keys": KEYS}), r"values for \[\]"),
        (lambda: PrefixBank([]), "needs at least one prefix, got none"),
        (
            lambda: PrefixBank([prefix(2), prefix(2, num_layers=2)]),
            r"prefix 1 has sites decoder \(L=2 H=2 D=4\), prefix 0 has decoder \(L=3 H=2 D=4\)",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(make, message):
    with pytest.raises(PrefixMismatch, match=message):
        make()


def test_a_prefix_for_another_backbone_is_refused_with_both_shapes():
    made = prefix(3, sites=("decoder", "cross"))
    made.check_fits(made.sites, "mine", "f1")
    with pytest.raises(PrefixMismatch, match="the prefix has a site 'cross', but mine has only decoder"):
        made.check_fits(DECODER, "mine", "f1")
    with pytest.raises(PrefixMismatch, match="made for decoder attention with L=3 H=2 D=4, but mine has L=3 H=4 D=4"):
        prefix(3).check_fits({"decoder": SiteShape(3, 4, 4)}, "mine", "f1")


def test_a_prefix_remembers_the_model_it_was_made_for():
    """The bug: in memory only shapes were compared, so a prefix of one GPT-2 ran on another."""
    plain, theirs = prefix(3), replace(prefix(3), made_for="f1")
    plain.check_fits(DECODER, "mine", "f2")
    for same in (theirs, theirs.to(dtype=torch.bfloat16), resized(theirs, 5)):
        same.check_fits(DECODER, "hers", "f1")
        with pytest.raises(
            PrefixMismatch, match="made for a model with fingerprint f1, but mine has f2. Load the backbone"
        ):
            same.check_fits(DECODER, "mine", "f2")
    PrefixBank([theirs, plain])
    with pytest.raises(PrefixMismatch, match="must be for one model; these were made for f1, f2"):
        PrefixBank([theirs, replace(prefix(3), made_for="f2")])


def test_a_bank_gives_each_row_its_prefix_and_its_length():
    prefixes = [prefix(n, seed) for seed, n in enumerate((2, 5, 3))]
    injection = PrefixBank(prefixes).rows([2, 0, 2])
    assert injection.lengths is not None
    assert injection.lengths.tolist() == [3, 2, 3]
    assert injection.prefix_len == 3, "no longer than the longest row"
    for row, number in enumerate((2, 0, 2)):
        keys = prefixes[number].keys["decoder"]
        assert torch.equal(injection.keys["decoder"][:, row, :, : keys.shape[2]], keys)
        assert torch.equal(injection.values["decoder"][:, row, :, : keys.shape[2]], prefixes[number].values["decoder"])


def test_a_prefix_that_all_rows_share_is_not_copied():
    bank = PrefixBank([prefix(n, seed) for seed, n in enumerate((2, 5))])
    injection = bank.rows([0] * 64)
    assert injection.keys["decoder"].shape == (3, 1, 2, 2, 4)
    assert injection.lengths is None
    assert injection.keys["decoder"].data_ptr() == bank.keys["decoder"].data_ptr()


def test_rows_of_one_length_need_no_lengths():
    assert PrefixBank([prefix(4, seed) for seed in range(3)]).rows([1, 2]).lengths is None


def test_rows_carry_gradients_back_to_their_prefixes():
    rows = [prefix(n, seed) for seed, n in enumerate((2, 3))]
    leaves = [t.requires_grad_() for row in rows for t in row.tensors().values()]
    torch.stack([t.sum() for t in PrefixBank(rows).rows([0, 1, 1]).tensors()]).sum().backward()
    assert [t.grad.unique().tolist() for t in leaves if t.grad is not None] == [[1.0], [1.0], [2.0], [2.0]]


@pytest.mark.parametrize("numbers", [[], [2], [-1], [0, -1]])
def test_a_row_of_a_prefix_the_bank_has_not_is_a_mistake_of_ours(numbers):
    with pytest.raises(AssertionError, match="of 2 prefixes"):
        PrefixBank([prefix(2), prefix(3)]).rows(numbers)


def test_an_injection_moves_whole():
    injection = PrefixBank([prefix(2), prefix(3)]).rows([0, 1]).to(torch.device("cpu"), torch.bfloat16)
    assert {t.dtype for t in injection.tensors()} == {torch.bfloat16}
    assert injection.lengths is not None
    assert injection.lengths.dtype == torch.long
    assert Injection().prefix_len == 0


def test_a_prefix_of_zeros_draws_its_share_and_adds_nothing():
    made = zero_prefix(PrefixShape(4, DECODER, 9))
    assert made.sites == DECODER
    assert all(not t.any() for t in made.tensors().values())


@pytest.mark.parametrize(("prefix_len", "index"), [(2, [0, 1]), (3, [0, 1, 2]), (7, [0, 1, 2, 0, 1, 2, 0])])
def test_a_prefix_is_cut_or_said_again(prefix_len, index):
    made = prefix(3)
    got = resized(made, prefix_len)
    assert_close(got.keys["decoder"], made.keys["decoder"][:, :, index])
    assert_close(got.values["decoder"], made.values["decoder"][:, :, index])


@pytest.mark.parametrize(
    ("numbers", "kept"), [([2, 2, 0, 0], 2), ([0, 1, 2], 3), ([1, 1, 0], 3), ([0, 0, 1, 1, 0, 0], 3), ([1] * 6, 1)]
)
def test_rows_of_one_prefix_that_follow_one_another_share_it(numbers, kept):
    bank = PrefixBank([prefix(n, seed) for seed, n in enumerate((2, 5, 3))])
    injection = bank.rows(numbers)
    served = injection.keys["decoder"].repeat_interleave(len(numbers) // kept, dim=1)
    assert injection.keys["decoder"].shape[1] == kept
    for row, number in enumerate(numbers):
        length = int(bank.lengths[number])
        assert torch.equal(served[:, row, :, :length], bank.keys["decoder"][:, number, :, :length])
