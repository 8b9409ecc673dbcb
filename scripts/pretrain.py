"""Pretrain the embedded GPT-2-architecture backbone from token shards.

Comes in:  the folder that `build_corpus.py` wrote.
Goes out:  a run folder: `checkpoint.safetensors` (float32 weights and optimizer state), `state.json`, `log.jsonl`, and at
           every checkpoint `model/`, a transformers folder in bfloat16 with the tokenizer.

Rows are cut from one endless row of documents. Hidden matrices are moved by Muon, embeddings, norms and biases by AdamW; the
model computes in bfloat16, the optimizers hold float32 masters. The learning rate warms up, stays, and falls linearly to
zero over the last part (warm-up, stable, decay), so a stable checkpoint can be trained on for longer. The decay runs on rows
of the full context: positions past the short rows are learned there.

    python -m scripts.pretrain --corpus corpus --out runs/pretrain --tokens 60e6
"""

import argparse
import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

END = "<|endoftext|>"


@dataclass(frozen=True)
class Plan:
    """Everything that decides the numbers; kept in state.json."""

    num_layers: int = 6
    hidden_size: int = 256
    num_heads: int = 4
    context_len: int = 512
    row_len: int = 256
    tokens: float = 60e6
    step_tokens: int = 16384
    micro_tokens: int = 4096
    lr: float = 2e-3
    weight_decay: float = 0.05
    warmup_steps: int = 100
    decay_share: float = 0.3
    seed: int = 0

    @property
    def steps(self) -> int:
        return round(self.tokens / self.step_tokens)

    def lr_factor(self, step: int) -> float:
        decay_steps = self.decay_share * self.steps
        return min((step + 1) / self.warmup_steps, 1.0, (self.steps - step) / decay_steps)

    def row_len_at(self, step: int) -> int:
        return self.row_len if step < (1 - self.decay_share) * self.steps else self.context_len


def new_model(plan: Plan, vocab_size: int, end: int, start_from: Path | None = None) -> GPT2LMHeadModel:
    if start_from is not None:
        model = GPT2LMHeadModel.from_pretrained(start_from, dtype=torch.float32, attn_implementation="eager")
        assert model.config.vocab_size == vocab_size, (model.config.vocab_size, vocab_size)
        return model
    torch.manual_seed(plan.seed)
    config = GPT2Config(
        vocab_size=vocab_size,
        n_positions=plan.context_len,
        n_embd=plan.hidden_size,
        n_layer=plan.num_layers,
        n_head=plan.num_heads,
        activation_function="gelu_pytorch_tanh",  # GPT-2's own, as one kernel
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
    )
    model = GPT2LMHeadModel(config)
    model.set_attn_implementation("eager")  # for rows of 256 faster than the fused kernel on CPUs
    return model


def rows(shards: list[Path], plan: Plan, first_token: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Micro-batches (tokens [B, T + 1], weight [B, T]) from `first_token` on, round and round over the shards."""
    at = 0  # tokens passed; what a shard has beyond its last whole micro-batch is left
    while True:
        for shard in shards:
            data = np.load(shard)
            tokens, weight = data["tokens"], data["weight"]
            for start in range(0, len(tokens) - plan.micro_tokens, plan.micro_tokens):
                if at >= first_token:
                    row_len = plan.row_len_at(at // plan.step_tokens)
                    span = slice(start, start + plan.micro_tokens + 1)
                    ids = torch.from_numpy(tokens[span].astype(np.int64))
                    part = torch.from_numpy(weight[span][1:].astype(np.float32)) / 100
                    yield ids.unfold(0, row_len + 1, row_len), part.view(-1, row_len)
                at += plan.micro_tokens


def drawn(ids: Tensor, weight: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """The positions that count in the loss and their targets: each with its weight as the chance.

    In expectation the weighted loss, without the logits that would hardly count: a third of the step. Padded with ignored
    targets to a multiple of 512, so that few shapes are compiled.
    """
    chosen = (torch.rand(weight.numel(), generator=generator) < weight.flatten()).nonzero()[:, 0]
    positions = torch.zeros(math.ceil(len(chosen) / 512) * 512, dtype=torch.long)
    targets = torch.full_like(positions, -100)
    positions[: len(chosen)], targets[: len(chosen)] = chosen, ids[:, 1:].flatten()[chosen]
    return positions, targets


def loss_at(model: GPT2LMHeadModel, ids: Tensor, positions: Tensor, targets: Tensor) -> Tensor:
    """Mean loss over the targets that are not ignored."""
    hidden = model.transformer(ids[:, :-1], use_cache=False).last_hidden_state.flatten(0, 1)
    logits = model.lm_head(hidden[positions])
    each = nn.functional.cross_entropy(logits, targets, reduction="none")
    return each.float().sum() / (targets >= 0).sum()


class Masters:
    """Float32 copies of the bfloat16 parameters, and the optimizers that move them."""

    def __init__(self, model: nn.Module, plan: Plan):
        self.model_parameters = dict(model.named_parameters())
        self.parameters = {n: nn.Parameter(p.detach().float().clone()) for n, p in self.model_parameters.items()}
        matrices = [p for n, p in self.parameters.items() if p.ndim == 2 and ".h." in n]
        inputs = [p for n, p in self.parameters.items() if p.ndim == 2 and ".h." not in n]
        vectors = [p for p in self.parameters.values() if p.ndim == 1]
        muon = torch.optim.Muon(matrices, lr=plan.lr, weight_decay=plan.weight_decay, adjust_lr_fn="match_rms_adamw")
        groups = [{"params": inputs, "weight_decay": plan.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
        adamw = torch.optim.AdamW(groups, lr=plan.lr, betas=(0.9, 0.95))
        self.optimizers = [muon, adamw]
        self.lr = plan.lr

    def take_gradients(self) -> None:
        """Add the model's gradients to the masters' and clear them: bfloat16 sums over micro-batches would lose bits."""
        for name, parameter in self.model_parameters.items():
            assert parameter.grad is not None, name
            master = self.parameters[name]
            gradient = parameter.grad.float()
            master.grad = gradient if master.grad is None else master.grad.add_(gradient)
            parameter.grad = None

    def step(self, lr_factor: float) -> None:
        nn.utils.clip_grad_norm_(self.parameters.values(), 1.0)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.lr * lr_factor
            optimizer.step()
            optimizer.zero_grad()
        self.show()

    @torch.no_grad()
    def show(self) -> None:
        """Copy the masters into the model."""
        for name, parameter in self.model_parameters.items():
            parameter.copy_(self.parameters[name])

    def tensors(self) -> dict[str, Tensor]:
        kept = {f"weights/{n}": p.detach() for n, p in self.parameters.items()}
        for i, optimizer in enumerate(self.optimizers):
            for j, state in optimizer.state_dict()["state"].items():
                kept |= {f"optimizer/{i}/{j}/{k}": torch.as_tensor(v) for k, v in state.items()}
        return {n: t.contiguous() for n, t in kept.items()}

    def load(self, tensors: dict[str, Tensor]) -> None:
        for name, parameter in self.parameters.items():
            parameter.data.copy_(tensors[f"weights/{name}"])
        for i, optimizer in enumerate(self.optimizers):
            state: dict[int, dict[str, Tensor]] = {}
            for name, tensor in tensors.items():
                if name.startswith(f"optimizer/{i}/"):
                    _, _, j, key = name.split("/")
                    state.setdefault(int(j), {})[key] = tensor
            optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
        self.show()


@torch.no_grad()
def held_out_losses(model: GPT2LMHeadModel, corpus: Path, row_len: int = 256, max_rows: int = 128) -> dict[str, float]:
    """Nats per token on texts never trained on; of a table only its text counts."""
    losses = {}
    for name in ("novels", "tables", "dart"):
        data = np.load(corpus / f"{name}.npz")
        count = min(max_rows, (len(data["tokens"]) - 1) // row_len)
        ids = torch.from_numpy(data["tokens"][: count * row_len + 1].astype(np.int64)).unfold(0, row_len + 1, row_len)
        full = torch.from_numpy(data["weight"][1 : count * row_len + 1] == 100).float().view(count, row_len)
        parts = []
        for some_ids, some in zip(ids.split(16), full.split(16), strict=True):
            positions, targets = drawn(some_ids, some, torch.Generator())
            parts.append((loss_at(model, some_ids, positions, targets).item(), some.sum().item()))
        losses[name] = round(sum(x * n for x, n in parts) / sum(n for _, n in parts), 4)
    return losses


def export(model: GPT2LMHeadModel, tokenizer_file: Path, folder: Path) -> None:
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(tokenizer_file),
        bos_token=END,
        eos_token=END,
        pad_token=END,
        model_max_length=model.config.n_positions,
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def pretrain(
    plan: Plan,
    corpus: Path,
    out: Path,
    checkpoint_steps: int,
    max_seconds: float,
    compiled: bool,
    start_from: Path | None,
) -> None:
    tokenizer_file = corpus / "tokenizer.json"
    vocab = json.loads(tokenizer_file.read_text(encoding="utf-8"))["model"]["vocab"]
    model = new_model(plan, vocab_size=math.ceil(len(vocab) / 64) * 64, end=vocab[END], start_from=start_from)
    model.to(dtype=torch.bfloat16)  # type: ignore[call-arg]
    masters = Masters(model, plan)
    first, out_state = 0, out / "state.json"
    out.mkdir(parents=True, exist_ok=True)
    if out_state.exists():
        first = json.loads(out_state.read_text())["step"]
        masters.load(load_file(out / "checkpoint.safetensors"))
    loss_of = torch.compile(loss_at) if compiled else loss_at
    stream = rows(sorted(corpus.glob("train-*.npz")), plan, first * plan.step_tokens)
    began, recent = time.time(), []

    def checkpoint(step: int) -> None:
        save_file(masters.tensors(), out / "checkpoint.tmp")
        (out / "checkpoint.tmp").rename(out / "checkpoint.safetensors")
        out_state.write_text(json.dumps({"step": step, "plan": plan.__dict__}, indent=1))
        export(model, tokenizer_file, out / "model")
        log({"step": step, "tokens": step * plan.step_tokens, **held_out_losses(model, corpus)})

    def log(line: dict[str, float]) -> None:
        with (out / "log.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(line, flush=True)

    for step in range(first, plan.steps):
        generator = torch.Generator().manual_seed(plan.seed * 1_000_003 + step)
        for _ in range(plan.step_tokens // plan.micro_tokens):
            ids, weight = next(stream)
            loss = loss_of(model, ids, *drawn(ids, weight, generator)) / (plan.step_tokens // plan.micro_tokens)
            loss.backward()
            masters.take_gradients()
            recent.append(loss.item() * plan.step_tokens / plan.micro_tokens)
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
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--checkpoint-steps", type=int, default=200)
    parser.add_argument("--max-seconds", type=float, default=math.inf)
    parser.add_argument("--start-from", type=Path, help="go on from this exported model instead of random weights")
    parser.add_argument("--no-compile", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    plan = Plan(**{name: getattr(args, name) for name in Plan().__dict__})
    pretrain(plan, args.corpus, args.out, args.checkpoint_steps, args.max_seconds, not args.no_compile, args.start_from)


if __name__ == "__main__":
    main()
