"""Where the fused kernel overtakes materialised scores: one layer's attention, forward and backward, over lengths.

Comes in:  precisions, lengths.      Goes out: a line of milliseconds per length on stderr; the last line of stdout is JSON.

`prefix/attention.py` takes the fused kernel from FUSED_FROM queries on; this is the measurement behind that number. The two
take turns in every round, and each figure is the best of the rounds. GPT-2 small's layer: 12 heads of 64, P = 10, 700 to 2,048
tokens a batch.

    python -m benchmarks.attention
"""

import argparse
import json
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor

from foreword.prefix.attention import FUSED_FROM, materialised_attention
from foreword.prefix.fused import causal_mask, fused_attention

HEADS, HEAD_DIM, PREFIX_LEN = 12, 64, 10
SHAPES = ((10, 70), (10, 128), (8, 192), (8, 256), (6, 320), (5, 384), (4, 512), (2, 1024))  # rows, tokens


def milliseconds(work: Callable[[], Tensor], inputs: list[Tensor]) -> float:
    """Forward and backward once."""
    for tensor in inputs:
        tensor.grad = None
    began = time.perf_counter()
    work().sum().backward()
    return (time.perf_counter() - began) * 1000


def compare(rows: int, length: int, dtype: torch.dtype, rounds: int) -> tuple[float, float]:
    """Milliseconds of the two ways, materialised first, the best of the rounds."""

    def drawn(*size: int) -> Tensor:
        return torch.randn(size, dtype=dtype, requires_grad=True)

    query, key, value = (drawn(rows, HEADS, length, HEAD_DIM) for _ in range(3))
    prefix = (drawn(HEADS, 1, PREFIX_LEN, HEAD_DIM), drawn(HEADS, 1, PREFIX_LEN, HEAD_DIM))
    scale, device = HEAD_DIM**-0.5, torch.device("cpu")

    def materialised() -> Tensor:
        return materialised_attention(query, key, value, prefix, None, causal_mask(length, length, device), scale)

    def fused() -> Tensor:
        return fused_attention(query, key, value, prefix, None, None, True, scale)

    torch.testing.assert_close(materialised(), fused(), atol=0.05, rtol=0.05)
    taken = [
        [milliseconds(work, [query, key, value, *prefix]) for work in (materialised, fused)] for _ in range(rounds + 1)
    ][1:]
    return min(t[0] for t in taken), min(t[1] for t in taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dtypes", nargs="+", default=["float32", "bfloat16"])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    found: dict[str, dict[str, dict[str, float]]] = {}
    for dtype in args.dtypes:
        for rows, length in SHAPES:
            plain, fused = compare(rows, length, getattr(torch, dtype), args.rounds)
            taken = "fused" if length >= FUSED_FROM else "materialised"
            print(
                f"{dtype} {rows} x {length}: materialised {plain:.1f} ms, fused {fused:.1f} ms; used: {taken}",
                file=sys.stderr,
            )
            found.setdefault(dtype, {})[f"{rows}x{length}"] = {
                "materialised_ms": round(plain, 2),
                "fused_ms": round(fused, 2),
            }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
