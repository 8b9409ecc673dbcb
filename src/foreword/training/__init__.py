"""Training: pairs of ids in, a run folder out; killed at any moment, it goes on as if nothing had happened."""

from foreword.training.loop import Training
from foreword.training.settings import Settings, State

__all__ = ["Settings", "State", "Training"]
