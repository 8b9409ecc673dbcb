"""The one training loop. What varies between experiments is in its arguments, never in another loop.

Comes in:  a backbone, a method, pairs of ids, settings.
Goes out:  a run folder: `log.jsonl`, `checkpoint.safetensors`, `best.safetensors`, `method.safetensors`.

A step is known by its number alone, and everything that changes is in the checkpoint, so a run killed at any moment goes on
to the same parameters and the same log, bit for bit (float32, the same number of threads).
"""

import json
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from foreword.backbone import Backbone
from foreword.backbone.wording import Pair
from foreword.methods import Method
from foreword.training import checkpoint
from foreword.training.batches import Batch, Schedule, collate
from foreword.training.loss import divisor, target_loss
from foreword.training.optim import build_optimizer, lr_factor
from foreword.training.progress import Reporter

DevScores = Callable[[], dict[str, float]]


class Interrupted(Exception):
    """The user asked to stop (Ctrl-C); the state is saved."""

    def __init__(self, step: int):
        super().__init__(f"stopped after step {step}")
        self.step = step


@dataclass(frozen=True)
class Settings:
    """What the loop needs of `recipe.TrainRecipe`; the fields mean the same."""

    lr: float
    total_steps: int
    batch_size: int
    accumulate: int = 1
    objective: str = "sum"
    optimizer: str = "adamw"
    weight_decay: float = 0.0
    warmup_steps: int = 0
    schedule: str = "linear"
    clip: float = 1.0
    lm_dropout: bool = False
    autocast: bool = False  # products in bfloat16 over float32 weights: full fine-tuning in bfloat16
    seed: int = 0
    log_every: int = 20
    save_every: int = 200
    eval_every: int = 0
    select: str = "loss"
    patience: int = 0


@dataclass
class State:
    """Everything that changes while training, but for the tensors."""

    step: int = 0
    log_bytes: int = 0
    loss_sum: float = 0.0
    loss_steps: int = 0
    best: float | None = None
    best_step: int = 0
    evals_since_best: int = 0
    stopped_early: bool = False


class Training:
    """One run of the loop."""

    def __init__(
        self,
        backbone: Backbone,
        method: Method,
        pairs: Sequence[Pair],
        dev_pairs: Sequence[Pair],
        settings: Settings,
        out: Path,
        accelerator: Accelerator,
        dev_scores: DevScores | None = None,
    ):
        self.backbone, self.method, self.pairs, self.dev_pairs = backbone, method, pairs, dev_pairs
        self.settings, self.out, self.accelerator, self.dev_scores = settings, out, accelerator, dev_scores
        self.parameters = method.trained_parameters()
        self.optimizer = build_optimizer(
            settings.optimizer, self.parameters.values(), settings.lr, settings.weight_decay
        )
        self.schedule = Schedule([len(pair) for pair in pairs], settings.batch_size, settings.seed)
        self.state = State()

    @property
    def is_main(self) -> bool:
        return self.accelerator.is_main_process

    def run(self) -> State:
        """Train to the end, or go on where a checkpoint left off.

        Raises:
            Interrupted: Ctrl-C; a checkpoint of the last whole step is written.
            RunError: the run folder cannot be read or written.
        """
        torch.manual_seed(self.settings.seed)
        self._resume()
        self.backbone.model.train(self.settings.lm_dropout)
        total = self.settings.total_steps
        with stop_at_next_step() as stop_asked, Reporter(total, self.state.step, silent=not self.is_main) as reporter:
            while self.state.step < total and not self.state.stopped_early:
                num_tokens = self._step()
                reporter.step(self.state.step, num_tokens)
                self._after_step(reporter)
                if stop_asked():
                    self._save()
                    raise Interrupted(self.state.step)
        self.backbone.model.eval()
        self._finish()
        return self.state

    def _step(self) -> int:
        """One optimizer step; returns the text positions computed, over all processes."""
        settings, step = self.settings, self.state.step
        rows = self.schedule.rows(step)
        num_targets = sum(len(self.pairs[row].target) for row in rows)
        whole = divisor(settings.objective, len(rows), num_targets)
        mine = rows[self.accelerator.process_index :: self.accelerator.num_processes]
        loss = self._gradients(mine, whole)
        loss = self._sum_over_processes(loss)
        for group in self.optimizer.param_groups:
            group["lr"] = settings.lr * lr_factor(settings.schedule, step, settings.warmup_steps, settings.total_steps)
        if settings.clip:
            nn.utils.clip_grad_norm_(self.parameters.values(), settings.clip)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.state.step += 1
        self.state.loss_sum += loss
        self.state.loss_steps += 1
        return sum(len(self.pairs[row]) for row in rows)

    def _gradients(self, rows: Sequence[int], whole: int) -> float:
        """Backpropagate the batch in parts; the method's tensors are computed once, whatever the number of parts."""
        injection = self.method.injection()
        leaf = None if injection is None else injection.detached()
        size = max(1, -(-len(rows) // self.settings.accumulate))
        total = 0.0
        for start in range(0, len(rows), size):
            batch = collate(self.backbone, [self.pairs[row] for row in rows[start : start + size]])
            with self.backbone.injected(leaf):
                loss = self._loss(batch) / whole
                loss.backward()  # inside: checkpointing computes the forward pass again and needs the injection
            total += loss.item()
        if injection is not None and leaf is not None and rows:
            outer, inner = injection.tensors(), leaf.tensors()
            torch.autograd.backward(outer, [t.grad if t.grad is not None else torch.zeros_like(t) for t in inner])
        return total

    def _loss(self, batch: Batch) -> Tensor:
        """The batch's summed loss."""
        batch = batch.to(self.backbone.device)
        with torch.autocast(self.backbone.device.type, torch.bfloat16) if self.settings.autocast else nullcontext():
            logits = self.backbone.logits(batch.texts, at=batch.at)
        return target_loss(logits, batch.targets)

    def _sum_over_processes(self, loss: float) -> float:
        """Add up gradients and loss over all processes, as if one had computed them."""
        if self.accelerator.num_processes == 1:
            return loss
        for parameter in self.parameters.values():
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        flat = torch.cat([p.grad.flatten() for p in self.parameters.values()])  # type: ignore[union-attr]
        flat = torch.cat([flat, flat.new_tensor([loss])])
        flat = self.accelerator.reduce(flat, "sum")
        assert isinstance(flat, Tensor)
        start = 0
        for parameter in self.parameters.values():
            parameter.grad = flat[start : start + parameter.numel()].view_as(parameter)
            start += parameter.numel()
        return float(flat[-1])

    def _after_step(self, reporter: Reporter) -> None:
        settings, state = self.settings, self.state
        last = state.step == settings.total_steps
        if state.step % settings.log_every == 0 or last:
            loss = state.loss_sum / state.loss_steps
            state.loss_sum, state.loss_steps = 0.0, 0
            self._log({"step": state.step, "loss": loss, "lr": self.optimizer.param_groups[0]["lr"]})
            reporter.logged(state.step, loss)
        evaluated = bool(self.dev_pairs) and (last or state.step % (settings.eval_every or self.schedule.steps_per_epoch) == 0)
        if evaluated:
            self._evaluate(reporter)
        if evaluated or last or (settings.save_every and state.step % settings.save_every == 0):
            self._save()

    def _evaluate(self, reporter: Reporter) -> None:
        """Loss (and scores) on dev; keep the method if it is the best so far; decide whether to stop."""
        state, settings = self.state, self.settings
        self.backbone.model.eval()
        scores = {"loss": self.dev_loss(), **(self.dev_scores() if self.dev_scores is not None else {})}
        self.backbone.model.train(settings.lm_dropout)
        self._log({"step": state.step, **{f"dev/{name}": value for name, value in scores.items()}})
        reporter.say(f"step {state.step}  " + "  ".join(f"dev {name} {value:.4f}" for name, value in scores.items()))
        value = scores[settings.select]
        better = state.best is None or (value < state.best if settings.select in LOWER_IS_BETTER else value > state.best)
        if better:
            state.best, state.best_step, state.evals_since_best = value, state.step, 0
            if self.is_main:
                checkpoint.save(self.out / "best.safetensors", self.method.export(), {"step": state.step})
        else:
            state.evals_since_best += 1
            state.stopped_early = bool(settings.patience) and state.evals_since_best >= settings.patience

    @torch.no_grad()
    def dev_loss(self) -> float:
        """Mean loss per target token over the dev pairs, every process the same pairs, so that all decide alike."""
        order = sorted(range(len(self.dev_pairs)), key=lambda i: len(self.dev_pairs[i]))
        size = max(self.settings.batch_size, 16)
        total, count = 0.0, 0
        injection = self.method.injection()
        with self.backbone.injected(injection):
            for start in range(0, len(order), size):
                batch = collate(self.backbone, [self.dev_pairs[i] for i in order[start : start + size]])
                total += self._loss(batch).item()
                count += len(batch.targets)
        return total / count

    def _log(self, line: dict[str, Any]) -> None:
        self.accelerator.log({k: v for k, v in line.items() if k != "step"}, step=line["step"])
        text = json.dumps(line) + "\n"
        self.state.log_bytes += len(text.encode())
        if self.is_main:
            with (self.out / "log.jsonl").open("a", encoding="utf-8") as file:
                file.write(text)

    def _save(self) -> None:
        if not self.is_main:
            return
        tensors = checkpoint.method_tensors(self.parameters) | checkpoint.optimizer_tensors(self.optimizer)
        tensors["rng"] = torch.get_rng_state()
        checkpoint.save(self.out / "checkpoint.safetensors", tensors, vars(self.state))

    def _resume(self) -> None:
        """Take up the checkpoint if there is one, and cut from the log what was written after it."""
        path, log = self.out / "checkpoint.safetensors", self.out / "log.jsonl"
        if path.exists():
            tensors, facts = checkpoint.load(path)
            self.state = State(**facts)
            checkpoint.restore_method(self.parameters, tensors)
            checkpoint.restore_optimizer(self.optimizer, tensors)
            torch.set_rng_state(tensors["rng"])
        if self.is_main and log.exists():
            with log.open("r+b") as file:
                file.truncate(self.state.log_bytes)

    def _finish(self) -> None:
        """The method as it is kept: the best on dev where there was one, else the last."""
        kept, step = self.method.export(), self.state.step
        if self.state.best is not None:
            self.accelerator.wait_for_everyone()
            kept, step = checkpoint.load(self.out / "best.safetensors")[0], self.state.best_step
        if self.is_main:
            checkpoint.save(self.out / "method.safetensors", kept, {"step": step})
        self.accelerator.wait_for_everyone()


LOWER_IS_BETTER = {"loss", "ter"}


@contextmanager
def stop_at_next_step() -> Iterator[Callable[[], bool]]:
    """Within the block the first Ctrl-C is noted, to be acted on between two steps; a second one stops at once."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set  # a thread gets no signals
        return

    def note(signum: int, frame: object) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = signal.signal(signal.SIGINT, note)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)
