"""Training: pairs of ids in, a run folder out; killed at any moment, it goes on as if nothing had happened."""

from foreword.training.loop import Interrupted, Settings, State, Training

__all__ = ["Interrupted", "Settings", "State", "Training"]
