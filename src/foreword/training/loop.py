"""The one training loop. What varies between experiments is in its arguments, never in another loop.

Comes in:  a backbone, a method, pairs of ids, settings.
Goes out:  a run folder: `log.jsonl`, `checkpoint.safetensors`, `best.safetensors`, `method.safetensors`.

A step is known by its number alone, and everything that changes is in the checkpoint, so a run killed at any moment goes on
to the same parameters and the same log, bit for bit (float32, the same number of threads).
"""

import json
import math
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from torch import Tensor, nn

from foreword.backbone import Backbone
from foreword.backbone.wording import Pair
from foreword.errors import Interrupted, RunError
from foreword.methods import Method, Reader, for_each_prompt, mixed
from foreword.training import checkpoint
from foreword.training.batches import Batch, Schedule, collate
from foreword.training.loss import divisor, target_loss
from foreword.training.optim import build_optimizer, lr_factor
from foreword.training.progress import Reporter
from foreword.training.settings import Settings, State
from foreword.training.stopping import stop_at_next_step
from foreword.writing import unwritable

DevScores = Callable[[], dict[str, float]]
CHECKPOINT, BEST = "checkpoint.safetensors", "best.safetensors"
LOWER_IS_BETTER = {"loss", "ter"}


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
        made_of: Mapping[str, str] | None = None,
        reader: Reader | None = None,
    ):
        """A checkpoint made of something else than `made_of` says is refused.

        Args:
            made_of: what the run stands on, "training data" -> hash, ...
            reader: scores of classes from what goes into the output layer and what comes out; targets are then their numbers.
        """
        self.backbone, self.method, self.pairs, self.dev_pairs = backbone, method, pairs, dev_pairs
        self.settings, self.out, self.accelerator, self.dev_scores = settings, out, accelerator, dev_scores
        self.made_of = dict(made_of or {})
        self.reader = reader
        self.parameters = method.trained_parameters()
        self.search = method.search()
        self.optimizer = self.search or build_optimizer(
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
            RunError: the run folder cannot be read or written or was made of other data; the loss is not a number.
        """
        self._resume()
        self._since = time.monotonic()
        self.backbone.model.train(self.settings.lm_dropout)
        total = self.settings.total_steps
        try:
            with (
                stop_at_next_step() as stop_asked,
                Reporter(total, self.state.step, silent=not self.is_main) as reporter,
            ):
                while self.state.step < total and not self.state.stopped_early:
                    num_tokens = self.step()
                    reporter.step(self.state.step, num_tokens)
                    self._after_step(reporter)
                    if self._any_process(stop_asked()):
                        self._save()
                        raise Interrupted(self.state.step)
        finally:
            self.backbone.model.eval()
        self._finish()
        return self.state

    def step(self) -> int:
        """One optimizer step; returns the text positions computed, over all processes."""
        settings, step = self.settings, self.state.step
        rows = self.schedule.rows(step)
        num_targets = sum(len(self.pairs[row].target) for row in rows)
        whole = divisor(settings.objective, len(rows), num_targets)
        mine = rows[self.accelerator.process_index :: self.accelerator.num_processes]
        with self._dropout_of(step):
            loss = self._gradients(mine, whole)
        loss = self._sum_over_processes(loss)
        if not math.isfinite(loss):
            raise RunError(
                f"the loss is {loss} at step {step + 1}, so nothing more can be learnt. Remove {self.out} and train again with a "
                f"smaller train.lr (it is {settings.lr:g}) or backbone.dtype=float32."
            )
        for group in self.optimizer.param_groups:
            group["lr"] = settings.lr * lr_factor(settings.schedule, step, settings.warmup_steps, settings.total_steps)
        if settings.clip:
            nn.utils.clip_grad_norm_(self.parameters.values(), settings.clip)
        if self.search is not None:
            self.search.step(lambda: self._tried(mine, whole))
        else:
            self.optimizer.step()
        self.optimizer.zero_grad()
        self.state.step += 1
        self.state.loss_sum += loss
        self.state.loss_steps += 1
        return sum(len(self.pairs[row]) for row in rows)

    @contextmanager
    def _dropout_of(self, step: int) -> Iterator[None]:
        """Dropout draws from the global generator: lend it a seed of this step and process, so that a resumed run draws alike."""
        if not self.settings.lm_dropout and not self.method.draws:
            yield
            return
        device = self.backbone.device
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            draw = random.Random(f"{self.settings.seed}/{step}/{self.accelerator.process_index}")
            torch.manual_seed(draw.getrandbits(63))
            yield

    def _any_process(self, flag: bool) -> bool:
        """Whether the flag is up in any process: all must stop after the same step."""
        if self.accelerator.num_processes == 1:
            return flag
        flags = self.accelerator.reduce(torch.tensor(float(flag), device=self.backbone.device), "sum")
        assert isinstance(flags, Tensor)
        return bool(flags.item())

    def _gradients(self, rows: Sequence[int], whole: int) -> float:
        """Backpropagate the batch in parts; the method's tensors are computed once, unless they depend on the text."""
        method = self.method
        injection = None if method.reads_text else method.injection()
        leaf = None if injection is None else injection.detached()
        size = max(1, -(-len(rows) // self.settings.accumulate))
        total = 0.0
        for start in range(0, len(rows), size):
            batch = self._batch([self.pairs[row] for row in rows[start : start + size]])
            with self.backbone.injected(method.injection(batch.texts) if method.reads_text else leaf):
                loss = self._loss(batch, self.settings.label_smoothing) / whole
                loss.backward()  # inside: checkpointing computes the forward pass again and needs the injection
            total += loss.item()
        if injection is not None and leaf is not None and rows:
            outer, inner = injection.tensors(), leaf.tensors()
            torch.autograd.backward(outer, [t.grad if t.grad is not None else torch.zeros_like(t) for t in inner])
        return total

    @torch.no_grad()
    def _tried(self, rows: Sequence[int], whole: int) -> float:
        """The batch's loss with the method's tensors as they are now, over all processes; without dropout, to be compared."""
        self.backbone.model.eval()
        total, size = 0.0, max(1, -(-len(rows) // self.settings.accumulate))
        for start in range(0, len(rows), size):
            batch = self._batch([self.pairs[row] for row in rows[start : start + size]])
            with self.backbone.injected(self.method.injection(batch.texts)):
                total += self._loss(batch, self.settings.label_smoothing).item() / whole
        self.backbone.model.train(self.settings.lm_dropout)
        if self.accelerator.num_processes == 1:
            return total
        summed = self.accelerator.reduce(torch.tensor(total, device=self.backbone.device), "sum")
        assert isinstance(summed, Tensor)
        return float(summed)

    def _batch(self, pairs: Sequence[Pair]) -> Batch:
        return collate(self.backbone, pairs, classes=self.reader is not None).to(self.backbone.device)

    def _loss(self, batch: Batch, smoothing: float = 0.0) -> Tensor:
        """The batch's summed loss."""
        texts, at = for_each_prompt(self.method, batch.texts, batch.at)
        with torch.autocast(self.backbone.device.type, torch.bfloat16) if self.settings.autocast else nullcontext():
            if self.reader is None:
                scores = self.backbone.logits(texts, at=at)
            else:
                scores = self.reader(*self.backbone.outputs(texts, None, at))
        return target_loss(mixed(self.method, batch.texts, batch.at, scores), batch.targets, smoothing)

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
        evaluated = bool(self.dev_pairs) and (
            last or state.step % (settings.eval_every or self.schedule.steps_per_epoch) == 0
        )
        if evaluated:
            self._evaluate(reporter)
        if evaluated or last or (settings.save_every and state.step % settings.save_every == 0):
            self._save()

    def _evaluate(self, reporter: Reporter) -> None:
        """Loss (and scores) on dev; keep the method if it is the best so far; decide whether to stop."""
        state, settings = self.state, self.settings
        self.backbone.model.eval()
        scores = {"loss": self.mean_loss(self.dev_pairs), **(self.dev_scores() if self.dev_scores is not None else {})}
        self.backbone.model.train(settings.lm_dropout)
        scores = broadcast_object_list([scores])[
            0
        ]  # one verdict for all processes, or they would stop at different steps
        self._log({"step": state.step, **{f"dev/{name}": value for name, value in scores.items()}})
        reporter.say(f"step {state.step}  " + "  ".join(f"dev {name} {value:.4f}" for name, value in scores.items()))
        value = scores[settings.select]
        better = state.best is None or (
            value < state.best if settings.select in LOWER_IS_BETTER else value > state.best
        )
        if better:
            state.best, state.best_step, state.evals_since_best = value, state.step, 0
            if self.is_main:
                checkpoint.save(self.out / BEST, self.method.export(), self._facts(state.step))
        else:
            state.evals_since_best += 1
            state.stopped_early = bool(settings.patience) and state.evals_since_best >= settings.patience

    @torch.no_grad()
    def mean_loss(self, pairs: Sequence[Pair]) -> float:
        """Mean loss per target token over some pairs, every process the same pairs, so that all decide alike."""
        order = sorted(range(len(pairs)), key=lambda i: len(pairs[i]))
        size = max(self.settings.batch_size, 16)
        total, count, method = 0.0, 0, self.method
        injection = None if method.reads_text else method.injection()
        for start in range(0, len(order), size):
            batch = self._batch([pairs[i] for i in order[start : start + size]])
            with self.backbone.injected(method.injection(batch.texts) if method.reads_text else injection):
                total += self._loss(batch).item()
            count += len(batch.targets)
        return total / max(1, count)  # of tags of words that all were cut off there may be none

    def _log(self, line: dict[str, Any]) -> None:
        self.accelerator.log({k: v for k, v in line.items() if k != "step"}, step=line["step"])
        text = json.dumps(line) + "\n"
        self.state.log_bytes += len(text.encode())
        if self.is_main:
            path = self.out / "log.jsonl"
            try:
                self.out.mkdir(parents=True, exist_ok=True)
                with path.open("a", encoding="utf-8") as file:
                    file.write(text)
            except OSError as error:
                raise RunError(unwritable(path, error)) from error

    def _save(self) -> None:
        now = time.monotonic()
        self.state.train_s, self._since = self.state.train_s + now - self._since, now
        if not self.is_main:
            return
        tensors = checkpoint.method_tensors(self.parameters) | checkpoint.optimizer_tensors(self.optimizer)
        checkpoint.save(self.out / CHECKPOINT, tensors, {"state": vars(self.state), "made_of": self.made_of})

    def _facts(self, step: int) -> dict[str, Any]:
        """What stands in the header of a kept method: it can be copied away from its run and still says what it belongs to."""
        return {"step": step, "made_of": self.made_of}

    def _resume(self) -> None:
        """Take up the checkpoint if there is one, and cut from the log what was written after it."""
        path, log = self.out / CHECKPOINT, self.out / "log.jsonl"
        if path.exists():
            tensors, facts = checkpoint.load(path)
            changed = [what for what, hashed in self.made_of.items() if facts["made_of"].get(what) != hashed]
            if changed:
                raise RunError(
                    f"{self.out} holds a run with other {' and '.join(changed)}. Choose another --out, or remove it."
                )
            self.state = State(**facts["state"])
            checkpoint.restore_method(self.parameters, tensors)
            checkpoint.restore_optimizer(self.optimizer, tensors)
        size = log.stat().st_size if log.exists() else 0
        self.state.log_bytes = min(self.state.log_bytes, size)  # a log that somebody removed begins anew
        if self.is_main and size > self.state.log_bytes:
            with log.open("r+b") as file:
                file.truncate(self.state.log_bytes)

    def _finish(self) -> None:
        """The method as it is kept: the best on dev where there was one, else the last."""
        kept, step = self.method.export(), self.state.step
        if self.state.best is not None:
            self.accelerator.wait_for_everyone()
            kept, step = checkpoint.load(self.out / BEST)[0], self.state.best_step
        if self.is_main:
            checkpoint.save(self.out / "method.safetensors", kept, self._facts(step))
        self.accelerator.wait_for_everyone()
