"""What a training is told, and what of it changes as it goes.

Comes in:  plain values.      Goes out: Settings, frozen; State, which goes into every checkpoint.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """What the loop needs of `recipe.TrainRecipe`; the fields mean the same."""

    lr: float
    total_steps: int
    batch_size: int
    accumulate: int = 1
    objective: str = "sum"
    label_smoothing: float = 0.0
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
    train_s: float = 0.0  # over all the times it was begun
