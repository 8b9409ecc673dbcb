"""The seam: open for a block, closed after it whatever happens, and every thread's own."""

import threading

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from foreword.prefix import AttentionSite, Injection, Seam, prefix_attention
from foreword.prefix.seam import MARK


def injection(value):
    return Injection({"decoder": torch.zeros(1, 1, 1, 2, 4)}, {"decoder": torch.full((1, 1, 1, 2, 4), value)})


def attend(seam):
    """One query of zeros over one text key of value zero: with a prefix of two positions, two thirds of its value."""
    module = nn.Module()
    setattr(module, MARK, AttentionSite(seam, "decoder", 0))
    zeros = torch.zeros(1, 1, 1, 4)
    return prefix_attention(module, zeros, zeros, zeros, None, is_causal=False)[0][0, 0, 0, 0].item()


def test_what_is_injected_is_attended_to_and_gone_after_the_block():
    seam = Seam()
    with seam.open(injection(3.0)):
        assert attend(seam) == pytest.approx(2.0)
    assert attend(seam) == 0.0


def test_the_seam_closes_after_an_exception():
    seam = Seam()
    with pytest.raises(RuntimeError, match="in the block"), seam.open(injection(3.0)):
        raise RuntimeError("in the block")
    assert seam.now is None
    assert attend(seam) == 0.0


def test_two_injections_at_once_are_a_mistake_of_ours():
    seam = Seam()
    with seam.open(injection(3.0)):
        with pytest.raises(AssertionError, match="already open"), seam.open(injection(6.0)):
            pass
        assert attend(seam) == pytest.approx(2.0), "the first must survive the second"


def test_a_failed_opening_leaves_the_seam_closed():
    seam = Seam()
    uneven = Injection({"decoder": torch.zeros(2, 1, 1, 2, 4)}, {"decoder": torch.zeros(1, 1, 1, 2, 4)})
    with pytest.raises(ValueError, match="zip"), seam.open(uneven):
        pass
    assert seam.now is None


def test_another_seam_is_another_model():
    one, other = Seam(), Seam()
    with one.open(injection(3.0)), other.open(injection(6.0)):
        assert (attend(one), attend(other)) == (pytest.approx(2.0), pytest.approx(4.0))


def test_a_thread_sees_only_what_it_injected_itself():
    seam, seen, turn = Seam(), {}, threading.Barrier(3)

    def work(value):
        with seam.open(injection(value)):
            turn.wait()
            seen[value] = attend(seam)
            turn.wait()

    threads = [threading.Thread(target=work, args=(value,)) for value in (3.0, 6.0)]
    for thread in threads:
        thread.start()
    turn.wait()
    assert attend(seam) == 0.0
    turn.wait()
    for thread in threads:
        thread.join()
    assert seen == {3.0: pytest.approx(2.0), 6.0: pytest.approx(4.0)}


def test_a_forward_pass_can_be_taken_up_again_in_another_thread():
    seam, seen = Seam(), []
    with seam.open(injection(3.0)):
        then = seam.now

    def again():
        with seam.resumed(then):
            seen.append(attend(seam))
        seen.append(attend(seam))

    thread = threading.Thread(target=again)
    thread.start()
    thread.join()
    assert seen == [pytest.approx(2.0), 0.0]


def test_a_site_without_an_injection_is_left_alone():
    seam = Seam()
    with seam.open(Injection({"encoder": torch.zeros(1, 1, 1, 2, 4)}, {"encoder": torch.ones(1, 1, 1, 2, 4)})):
        assert attend(seam) == 0.0


def test_a_module_nobody_marked_attends_to_its_text_alone():
    q = torch.randn(1, 2, 3, 4)
    out, _ = prefix_attention(nn.Module(), q, q, q, None, is_causal=True)
    assert_close(out, nn.functional.scaled_dot_product_attention(q, q, q, is_causal=True).transpose(1, 2))
