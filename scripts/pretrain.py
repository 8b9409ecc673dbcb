"""Pretrain an embedded backbone from token shards.

Comes in:  the folder that `build_corpus.py` wrote.
Goes out:  a run folder: `checkpoint.safetensors` (float32 weights and optimizer state), `state.json`, `log.jsonl`, and at
           every checkpoint `model/`, a transformers folder in bfloat16 with the tokenizer.

What is learnt is one of three (`pretraining/`): the next token (GPT-2), a spoilt text's whole (BART), masked tokens (RoBERTa).
Hidden matrices are moved by Muon, embeddings, norms and biases by AdamW; the model computes in bfloat16, the optimizers hold
float32 masters. The learning rate warms up, stays, and falls linearly to zero over the last part (warm-up, stable, decay), so a
stable checkpoint can be trained on for longer. Where rows are cut from one endless row of documents, the decay runs on rows of
the full context: positions past the short rows are learned there.

    python -m scripts.pretrain --corpus corpus --out runs/pretrain --tokens 60e6
    python -m scripts.pretrain --corpus corpus --out runs/masked --objective masked --hidden-size 224 --tokens 40e6
"""

import argparse
import json
import math
import time
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from scripts.pretraining.causal import Causal
from scripts.pretraining.infilling import Infilling
from scripts.pretraining.masked import Masked
from scripts.pretraining.masters import Masters
from scripts.pretraining.objective import Objective
from scripts.pretraining.plan import Plan
from transformers import PreTrainedModel

OBJECTIVES: dict[str, type[Objective]] = {"causal": Causal, "infilling": Infilling, "masked": Masked}


def export(model: PreTrainedModel, objective: Objective, folder: Path) -> None:
    model.save_pretrained(folder)
    objective.tokenizer.save_pretrained(folder)


def start(objective: Objective, start_from: Path | None) -> PreTrainedModel:
    """The model in bfloat16: new, or one that was exported before."""
    model = objective.new_model()
    if start_from is not None:
        model = type(model).from_pretrained(start_from, dtype=torch.float32, attn_implementation="eager")
        assert model.config.vocab_size == objective.vocab_size, (model.config.vocab_size, objective.vocab_size)
    return model.to(dtype=torch.bfloat16)  # type: ignore[call-arg]


def pretrain(
    objective: Objective,
    corpus: Path,
    out: Path,
    checkpoint_steps: int,
    max_seconds: float,
    compiled: bool,
    start_from: Path | None,
) -> None:
    plan, model = objective.plan, start(objective, start_from)
    masters = Masters(model, plan)
    first, out_state = 0, out / "state.json"
    out.mkdir(parents=True, exist_ok=True)
    if out_state.exists():
        first = json.loads(out_state.read_text())["step"]
        masters.load(load_file(out / "checkpoint.safetensors"))
    loss_of = torch.compile(objective.loss) if compiled else objective.loss
    stream = objective.steps(sorted(corpus.glob("train-*.npz")), first)
    began, recent = time.time(), []

    def checkpoint(step: int) -> None:
        save_file(masters.tensors(), out / "checkpoint.tmp")
        (out / "checkpoint.tmp").rename(out / "checkpoint.safetensors")
        out_state.write_text(json.dumps({"step": step, "plan": plan.__dict__}, indent=1))
        export(model, objective, out / "model")
        log({"step": step, "tokens": step * plan.step_tokens, **objective.held_out_losses(model, corpus)})

    def log(line: dict[str, float]) -> None:
        with (out / "log.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(line, flush=True)

    for step in range(first, plan.steps):
        total = 0.0
        for batch in next(stream):
            loss = loss_of(model, *batch.tensors) * batch.share
            loss.backward()
            masters.take_gradients()
            total += loss.item()
        recent.append(total)
        masters.step(plan.lr_factor(step))
        if (step + 1) % 20 == 0:
            speed = (step + 1 - first) * plan.step_tokens / (time.time() - began)
            log({"step": step + 1, "loss": round(sum(recent) / len(recent), 4), "tokens_per_s": round(speed)})
            recent = []
        if time.time() - began > max_seconds:
            return checkpoint(step + 1)
        if (step + 1) % checkpoint_steps == 0:
            checkpoint(step + 1)
    checkpoint(plan.steps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    for name, default in Plan().__dict__.items():
        choices = sorted(OBJECTIVES) if name == "objective" else None
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default, choices=choices)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--checkpoint-steps", type=int, default=200)
    parser.add_argument("--max-seconds", type=float, default=math.inf)
    parser.add_argument("--start-from", type=Path, help="go on from this exported model instead of random weights")
    parser.add_argument("--no-compile", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    plan = Plan(**{name: getattr(args, name) for name in Plan().__dict__})
    objective = OBJECTIVES[plan.objective](plan, args.corpus)
    pretrain(
        objective, args.corpus, args.out, args.checkpoint_steps, args.max_seconds, not args.no_compile, args.start_from
    )


if __name__ == "__main__":
    main()
