"""Serving many prefixes: throughput, waiting times, memory, beside PEFT and beside serving one prefix, in one run.

Comes in:  which parts, quick or full.
Goes out:  figures on stderr as they come, and as the last line of stdout one JSON object of them.

The model has GPT-2 small's shape and random weights, prefixes have 10 positions, prompts 24 tokens, answers 16, on one thread.
Where two ways are compared they take turns, and a ratio is the median of the rounds' ratios, because machines drift.

`distinct_over_same_B`:   tokens a second with B rows of B prefixes, over B rows of one prefix
`uniform_over_same_16`:   16 rows of 4 prefixes, evenly (Punica's uniform mix), over 16 of one
`zipf_over_same`:         the same of 1,000 prefixes asked for by Zipf(1), all at hand, over one prefix
`over_peft_DTYPE_B`:      tokens a second over PEFT's set_adapter + generate, request by request
`cold_ms_p50`, `_p99`:    what a prefix on the disk (its pages dropped from memory) adds to the time to first token: seconds until
                          the step that writes it, less those with the prefix at hand (the step itself is the same work)
`inter_token_p99_ratio`:  of running rows while 100 prefixes a second are loaded, over none
`oversubscribed_ttft`:    median time to first token with four times more hot prefixes than places in the pool, over all at hand
`registry_*`:             100,000 prefixes: seconds to start, microseconds a look-up, MiB; 10,000 of them served
`http_ms`, `idle_mib`:    what HTTP adds to a request, median; what an idle server takes above the model
`publish_ms`:             from an upload's end until its version is what the name means
`publish_old`:            whether a running request kept the old version to its end

    python -m benchmarks.serving --quick
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from benchmarks.serving_load import SHAPES, Arrivals, Timed, first_step, made_for, run_all, throughput
from benchmarks.serving_store import many_prefixes, prefix_files, resident_mib


def say(name: str, value: object) -> None:
    print(f"{name}: {value}", file=sys.stderr, flush=True)


def ratio(one: Callable[[], float], other: Callable[[], float], rounds: int) -> float:
    """How much more one is than the other, the median of rounds that take turns."""
    one()  # once, to warm up
    other()
    return statistics.median(one() / other() for _ in range(rounds))


def mixed(args: argparse.Namespace) -> dict[str, float]:
    """Distinct prefixes beside one."""
    found: dict[str, float] = {}
    backbone = made_for("float32", args.shape)
    for num in args.rows:
        engine = Timed(backbone, num_slots=num, pool_size=max(args.rows) + 1)
        distinct, same = [str(row) for row in range(num)], ["0"] * num
        found[f"distinct_over_same_{num}"] = ratio(
            lambda engine=engine, keys=distinct: throughput(engine, keys),
            lambda engine=engine, keys=same: throughput(engine, keys),
            args.rounds,
        )
        say(f"distinct_over_same_{num}", found[f"distinct_over_same_{num}"])
    num, total = 16, 64 if args.quick else 256
    engine = Timed(backbone, num_slots=num, pool_size=num)
    found["uniform_over_same_16"] = ratio(
        lambda: throughput(engine, [str(row % 4) for row in range(num)]),
        lambda: throughput(engine, ["0"] * num),
        args.rounds,
    )
    say("uniform_over_same_16", found["uniform_over_same_16"])
    engine = Timed(backbone, num_slots=num, pool_size=1001)
    drawn = Arrivals(alpha=1.0, num_prefixes=1000, seed=0)
    run_all(engine, [str(key) for key in range(1000)], answer_len=1)  # all at hand
    found["zipf_over_same"] = ratio(
        lambda: throughput(engine, drawn.keys(total)), lambda: throughput(engine, ["0"] * total), args.rounds
    )
    say("zipf_over_same", found["zipf_over_same"])
    return found


def beside_peft(args: argparse.Namespace) -> dict[str, float]:
    """The same requests through PEFT, one after the other, each with its adapter set before."""
    from benchmarks.serving_peft import PeftServer

    found = {}
    for dtype, num in (("float32", 16), ("bfloat16", 16), ("bfloat16", 64)):
        backbone = made_for(dtype, args.shape)
        keys = [str(row) for row in range(num)]
        engine = Timed(backbone, num_slots=num, pool_size=num + 1)
        peft = PeftServer(
            dtype, 4 if args.quick else num, args.shape
        )  # its speed is a request's, however many there are
        name = f"over_peft_{dtype}_{num}"
        found[name] = ratio(
            lambda engine=engine, keys=keys: throughput(engine, keys), lambda peft=peft: peft.throughput(), args.rounds
        )
        say(name, found[name])
    return found


def cold(args: argparse.Namespace, folder: Path) -> dict[str, float]:
    """A prefix on the disk beside one at hand; and what loads cost those who write."""
    num = 60 if args.quick else 300
    backbone = made_for("float32", args.shape)
    files = prefix_files(folder, backbone, num)
    engine = Timed(backbone, num_slots=4, pool_size=2, files=files, background=True)
    added = []
    for key in files.keys:
        files.drop_pages(key)
        fresh = first_step(engine, key)  # evicts the one before the last
        added.append((fresh - first_step(engine, key)) * 1000)
    found = {"cold_ms_p50": statistics.median(added), "cold_ms_p99": p99(added)}
    writing = Timed(backbone, num_slots=8, pool_size=32, files=files, background=True)

    def slowest(loads: int) -> float:
        taken = [writing.steps(num_rows=8, num_steps=80, loads_per_second=loads) for _ in range(1 if args.quick else 3)]
        return p99([step for steps in taken for step in steps])

    found["inter_token_p99_ratio"] = ratio(lambda: slowest(100), lambda: slowest(0), args.rounds)
    for name, value in found.items():
        say(name, round(value, 3))
    return found


def p99(taken: Sequence[float]) -> float:
    return sorted(taken)[int(0.99 * len(taken))]


def oversubscribed(args: argparse.Namespace, folder: Path) -> dict[str, float]:
    """Four times more hot prefixes than places, by open-loop arrivals."""
    num, total = 32, 60 if args.quick else 300
    backbone = made_for("float32", args.shape)
    files = prefix_files(folder, backbone, num)
    medians = {}
    for name, pool_size in (("all", num + 1), ("quarter", num // 4)):
        engine = Timed(backbone, num_slots=8, pool_size=pool_size, files=files, background=True)
        for key in files.keys:
            first_step(engine, key)
        arrivals = Arrivals(alpha=0.1, num_prefixes=num, seed=1, rate=30.0 if args.shape == "tiny" else 3.0, cv=1.0)
        medians[name] = statistics.median(arrivals.first_tokens(engine, total, files.keys))
    found = {"oversubscribed_ttft": medians["quarter"] / medians["all"]}
    say("oversubscribed_ttft", round(found["oversubscribed_ttft"], 3))
    return found


def registry(args: argparse.Namespace, folder: Path) -> dict[str, float]:
    """A store of very many prefixes of a tiny model."""
    from foreword.serve.tenants.library import Library

    num, served = (5_000, 500) if args.quick else (100_000, 10_000)
    if args.shape == "tiny":
        num, served = num // 25, served // 25
    backbone = made_for("float32", "tiny")
    many_prefixes(folder, backbone, num)
    time.sleep(2.5)  # folders that changed just now are read again at each look-up
    began = time.perf_counter()
    Library(folder, backbone).refresh("")
    say("registry_first_index_s", round(time.perf_counter() - began, 2))
    rng, before = random.Random(0), resident_mib()
    began = time.perf_counter()
    library = Library(folder, backbone)
    found = {"registry_start_s": 0.0}
    names = [f"p{rng.randrange(num)}" for _ in range(2000)]
    library.find("", names[0])
    found["registry_start_s"] = time.perf_counter() - began
    times = []
    for name in names:
        at = time.perf_counter()
        library.find("", name)
        times.append(time.perf_counter() - at)
    found |= {"registry_lookup_us": statistics.median(times) * 1e6, "registry_mib": resident_mib() - before}
    engine = Timed(backbone, num_slots=64, pool_size=256, library=library, background=True)
    entries = [library.find("", f"p{number}").sha256 for number in range(served)]
    run_all(engine, entries, answer_len=2)
    found["registry_served"] = len(set(engine.finished))
    for name, value in found.items():
        say(name, round(value, 3))
    return found


def http(args: argparse.Namespace, folder: Path) -> dict[str, float]:
    """What HTTP adds, and how soon a new version is served."""
    from benchmarks.serving_http import measured

    found = measured(folder, num=30 if args.quick else 200)
    for name, value in found.items():
        say(name, round(value, 3))
    return found


PARTS: dict[str, Callable[..., dict[str, float]]] = {
    "mixed": mixed, "peft": beside_peft, "cold": cold, "oversubscribed": oversubscribed, "registry": registry, "http": http,
}  # fmt: skip


def main(told: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help="a few minutes: fewer rounds, fewer rows, a small registry"
    )
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--shape", choices=SHAPES, default="gpt2-small", help="tiny: to see that all of this runs")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args(told)
    args.rows, args.rounds = ((1, 16), 3) if args.quick else ((1, 4, 16, 64), 7)
    torch.set_num_threads(args.threads)
    found: dict[str, float] = {}
    for part in args.parts:
        if part in ("mixed", "peft"):
            found |= PARTS[part](args)
        else:
            with tempfile.TemporaryDirectory() as folder:
                found |= PARTS[part](args, Path(folder))
    print(json.dumps({name: round(value, 4) for name, value in found.items()}))


if __name__ == "__main__":
    main()
