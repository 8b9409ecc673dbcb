"""Which precision and device to compute with, found out where the recipe leaves them open; and how many threads.

Comes in:  "auto" or a name; a number of threads.      Goes out: "float32" or "bfloat16"; "cpu", "cuda", ...
"""

import time

import torch

from foreword.errors import BadRecipe

ROWS, WIDTH = 1024, 768  # of the trial products: about a batch's tokens through a small model's layer
WORTH_IT = 1.5  # bfloat16 must be this much faster: everything around the products gains nothing


def choose_dtype(wanted: str, device: torch.device) -> str:
    """The recipe's precision, or for "auto" the faster one here."""
    if wanted != "auto":
        return wanted
    return (
        "bfloat16"
        if product_time(torch.float32, device) > WORTH_IT * product_time(torch.bfloat16, device)
        else "float32"
    )


def product_time(dtype: torch.dtype, device: torch.device) -> float:
    """Seconds of one matrix product, the best of several."""
    left, right = (
        torch.ones(ROWS, WIDTH, dtype=dtype, device=device),
        torch.ones(WIDTH, 4 * WIDTH, dtype=dtype, device=device),
    )
    best = float("inf")
    for _ in range(6):
        began = time.perf_counter()
        (left @ right)[0, 0].item()  # waits for the device
        best = min(best, time.perf_counter() - began)
    return best


def choose_device(wanted: str) -> str:
    """The recipe's device, or for "auto" an accelerator where there is one.

    Raises:
        BadRecipe: this machine has no such device.
    """
    here = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    found = "cpu" if here is None else here.type
    if wanted not in ("auto", "cpu", found):
        raise BadRecipe(f"backbone.device is {wanted!r}, but this machine has {found}. Set backbone.device=auto.")
    return found if wanted == "auto" else wanted


def use_threads(wanted: int) -> None:
    """Compute with so many threads; 0 leaves what is in force (one for each process that torchrun starts)."""
    if wanted:
        torch.set_num_threads(wanted)
