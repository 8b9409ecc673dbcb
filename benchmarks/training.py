"""Training speed and memory: Foreword beside PEFT's prefix tuning, taking turns in one run.

Comes in:  a precision or both, a folder with E2E's trainset.csv.
Goes out:  figures on stderr as they come, and as the last line of stdout one JSON object of ratios (Foreword / PEFT).

Both sides train the same prefix (P = 10, MLP 512) on the same frozen model: GPT-2 small's shape, random weights, dropout off on
both sides (Foreword never has it on; PEFT is faster without it). Each side lives in a process of its own; the one whose turn
it is not waits on a pipe. Rounds alternate, and a ratio is the median of the rounds' ratios, because machines drift.

`equal`: 10 rows of 40 source and 30 target tokens, the loss on the targets, the same for both.
`e2e`:   real E2E pairs, each side batching its own way: PEFT shuffles and pads to the longest with the loss on the targets,
         as people run it; Foreword takes batches by length and computes logits at targets only. Real tokens are counted.
Memory is the peak of resident memory in training above what it was before the model was loaded and the model's weights.

    python -m benchmarks.training
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROWS, SOURCE_LEN, TARGET_LEN = 10, 40, 30
PREFIX_LEN, MLP_DIM = 10, 512
PAD = 50256
SHAPES = {"gpt2-small": {}, "tiny": {"n_layer": 2, "n_embd": 32, "n_head": 2}}  # tiny: to see that all of this runs
PROJECT = Path(__file__).resolve().parents[1]
E2E_FOLDERS = (PROJECT / "data" / "e2e", PROJECT.parent / "shared" / "data" / "e2e")
SIDES = ("foreword", "peft")
Step = Callable[[], int]  # does one optimizer step, returns the real tokens in it
Ids = tuple[list[int], list[int]]  # source, target


def equal_pairs() -> list[Ids]:
    rng = random.Random(0)
    draw = [[rng.randrange(8000) for _ in range(SOURCE_LEN + TARGET_LEN)] for _ in range(40 * ROWS)]
    return [(row[:SOURCE_LEN], row[SOURCE_LEN:]) for row in draw]


def e2e_pairs(folder: Path) -> list[Ids]:
    """The first 400 pairs after a shuffle, as ids of the embedded backbone's tokenizer: its cuts are near GPT-2's in length."""
    from transformers import AutoTokenizer

    from foreword.catalogue import embedded_backbones
    from foreword.tasks import load_task

    tokenizer = AutoTokenizer.from_pretrained(embedded_backbones()["scribe"])
    pairs = load_task("e2e", folder).pairs("train")
    random.Random(0).shuffle(pairs)
    end = [tokenizer.eos_token_id]
    return [(tokenizer(f" {s}")["input_ids"] + end, tokenizer(f" {t}")["input_ids"] + end) for s, t in pairs[:400]]


def save_model(folder: Path, shape: str) -> None:
    """A model of a shape with random weights, as a folder that both sides load in their own way."""
    import torch
    from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel

    from foreword.catalogue import embedded_backbones

    torch.manual_seed(0)
    without_dropout = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0, "pad_token_id": PAD}
    GPT2LMHeadModel(GPT2Config(**without_dropout, **SHAPES[shape])).save_pretrained(folder)
    AutoTokenizer.from_pretrained(embedded_backbones()["scribe"]).save_pretrained(folder)


def foreword_step(model: Path, dtype: str, pairs: list[Ids]) -> tuple[Step, int]:
    """Foreword's own loop, a step at a time; and the resident bytes before, with the weights."""
    from accelerate import Accelerator

    from foreword.backbone import load_backbone
    from foreword.backbone.wording import Pair
    from foreword.methods.prefix_tuning import PrefixTuning
    from foreword.training import Settings, Training

    before = resident_bytes("VmRSS")
    backbone = load_backbone(str(model), dtype=dtype)
    before += weight_bytes(backbone.model)
    method = PrefixTuning(backbone, PREFIX_LEN, MLP_DIM)
    settings = Settings(lr=5e-5, total_steps=10**6, batch_size=ROWS)
    training = Training(backbone, method, [Pair(s, t) for s, t in pairs], [], settings, model, Accelerator(cpu=True))
    return training.step, before


def peft_step(folder: Path, dtype: str, pairs: list[Ids], equal: bool) -> tuple[Step, int]:
    """The loop PEFT's documentation shows; and the resident bytes before, with the weights."""
    import torch
    from peft import PrefixTuningConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    before = resident_bytes("VmRSS")
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype))
    before += weight_bytes(model)
    config = PrefixTuningConfig(
        task_type="CAUSAL_LM", num_virtual_tokens=PREFIX_LEN, prefix_projection=True, encoder_hidden_size=MLP_DIM
    )
    model = get_peft_model(model, config)
    model.train()
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=5e-5)
    batches = peft_batches(pairs, shuffle=not equal)

    def step() -> int:
        rows = next(batches)
        longest = max(len(s) + len(t) for s, t in rows)
        ids = torch.full((len(rows), longest), PAD)
        labels = torch.full((len(rows), longest), -100)
        mask = torch.zeros((len(rows), longest), dtype=torch.long)
        for i, (source, target) in enumerate(rows):
            length = len(source) + len(target)
            ids[i, :length], mask[i, :length] = torch.tensor(source + target), 1
            labels[i, len(source) : length] = torch.tensor(target)
        model(input_ids=ids, attention_mask=mask, labels=labels).loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        return sum(len(s) + len(t) for s, t in rows)

    return step, before


def peft_batches(pairs: list[Ids], shuffle: bool) -> Iterator[list[Ids]]:
    rng, pairs = random.Random(0), list(pairs)
    while True:
        if shuffle:
            rng.shuffle(pairs)
        for start in range(0, len(pairs) - ROWS + 1, ROWS):
            yield pairs[start : start + ROWS]


def weight_bytes(model) -> int:  # noqa: ANN001
    return sum(p.numel() * p.element_size() for p in model.parameters())


def resident_bytes(field: str) -> int:
    """VmRSS (now) or VmHWM (the peak since it was last reset)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/self/status has no {field}: this benchmark needs Linux")


def work(args: argparse.Namespace) -> None:
    """A worker: builds its side, then does as many steps as each line on stdin asks for and answers with a JSON line."""
    import torch

    torch.set_num_threads(args.threads)
    pairs = equal_pairs() if args.data == "equal" else e2e_pairs(args.e2e)
    if args.worker == "foreword":
        step, before = foreword_step(args.model, args.dtype, pairs)
    else:
        step, before = peft_step(args.model, args.dtype, pairs, args.data == "equal")
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        began = time.perf_counter()
        tokens = sum(step() for _ in range(int(line)))
        seconds = time.perf_counter() - began
        print(
            json.dumps({"tokens_per_s": tokens / seconds, "peak_bytes": resident_bytes("VmHWM") - before}), flush=True
        )


class Worker:
    """One side in its own process."""

    def __init__(self, side: str, dtype: str, data: str, args: argparse.Namespace):
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.training", "--worker", side, "--data", data]
        command += ["--dtype", dtype, "--threads", str(args.threads), "--model", str(args.model)]
        command += ["--e2e", str(args.e2e)] if args.e2e else []
        self.process = subprocess.Popen(
            command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self.answer()

    def answer(self) -> dict[str, float]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"a worker died with exit code {self.process.wait()}")
        return json.loads(line)

    def steps(self, number: int) -> dict[str, float]:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{number}\n")
        self.process.stdin.flush()
        return self.answer()

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def compare(dtype: str, data: str, args: argparse.Namespace) -> dict[str, float]:
    """Speed and memory ratios of the two sides on one kind of data."""
    workers = {side: Worker(side, dtype, data, args) for side in SIDES}
    for worker in workers.values():
        worker.steps(args.warmup)
    rounds = [{side: worker.steps(args.steps) for side, worker in workers.items()} for _ in range(args.rounds)]
    for worker in workers.values():
        worker.stop()
    speed = {side: statistics.median(r[side]["tokens_per_s"] for r in rounds) for side in SIDES}
    peak = {side: rounds[-1][side]["peak_bytes"] for side in SIDES}
    for side in SIDES:
        figures = f"{speed[side]:7.0f} tokens/s {peak[side] / 2**20:7.0f} MiB above the weights"
        print(f"{dtype} {data:5} {side:8} {figures}", file=sys.stderr)
    ratio = statistics.median(r["foreword"]["tokens_per_s"] / r["peft"]["tokens_per_s"] for r in rounds)
    return {"speed_ratio": round(ratio, 3), "memory_ratio": round(peak["foreword"] / peak["peft"], 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    found = next((folder for folder in E2E_FOLDERS if folder.is_dir()), None)
    wanted = "folder with E2E's trainset.csv, data/e2e where that is there; without one e2e_speed_ratio is null"
    parser.add_argument("--e2e", type=Path, default=found, help=wanted)
    parser.add_argument("--shape", choices=SHAPES, default="gpt2-small")
    parser.add_argument("--dtype", choices=["float32", "bfloat16", "both"], default="both")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=4, help="of each side in a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--worker", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--data", choices=["equal", "e2e"], help=argparse.SUPPRESS)
    parser.add_argument("--model", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        return work(args)
    ratios = {}
    with tempfile.TemporaryDirectory(prefix="foreword-benchmark-") as folder:
        args.model = Path(folder)
        save_model(args.model, args.shape)
        for dtype in ("float32", "bfloat16") if args.dtype == "both" else (args.dtype,):
            equal = compare(dtype, "equal", args)
            e2e = compare(dtype, "e2e", args)["speed_ratio"] if args.e2e else None
            memory = equal["memory_ratio"]
            ratios[dtype] = {"speed_ratio": equal["speed_ratio"], "e2e_speed_ratio": e2e, "memory_ratio": memory}
    print(json.dumps(ratios))
    return None


if __name__ == "__main__":
    main()
