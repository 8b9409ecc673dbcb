"""Precision and device: measured where the recipe leaves them open, refused where this machine has none."""

import pytest
import torch

from foreword.errors import BadRecipe
from foreword.training import precision
from foreword.training.precision import choose_device, choose_dtype, product_time

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("half_is_faster_by", "chosen"), [(4.0, "bfloat16"), (1.6, "bfloat16"), (1.4, "float32"), (0.2, "float32")]
)
def test_auto_takes_the_half_precision_only_where_it_is_much_faster(monkeypatch, half_is_faster_by, chosen):
    times = {torch.float32: half_is_faster_by, torch.bfloat16: 1.0}
    monkeypatch.setattr(precision, "product_time", lambda dtype, device: times[dtype])
    assert choose_dtype("auto", CPU) == chosen
    assert choose_dtype("float32", CPU) == "float32"
    assert choose_dtype("bfloat16", CPU) == "bfloat16"


def test_a_product_is_really_timed():
    assert 0 < product_time(torch.float32, CPU) < 10


def test_auto_takes_an_accelerator_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device("cuda"))
    assert choose_device("auto") == "cuda"
    assert choose_device("cpu") == "cpu"
    with pytest.raises(
        BadRecipe, match=r"backbone\.device is 'mps', but this machine has cuda\. Set backbone\.device=auto\."
    ):
        choose_device("mps")


def test_without_one_the_processor_computes(monkeypatch):
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    assert choose_device("auto") == "cpu"
    with pytest.raises(BadRecipe, match="backbone.device is 'cuda', but this machine has cpu"):
        choose_device("cuda")
