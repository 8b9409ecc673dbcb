"""Everything that decides the numbers of a pretraining run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Sizes, lengths and rates; kept in state.json. Lengths are in tokens."""

    objective: str = "causal"
    num_layers: int = 6
    num_decoder_layers: int = 3  # beside `num_layers` of an encoder
    hidden_size: int = 256
    num_heads: int = 4
    context_len: int = 512
    row_len: int = 256
    tokens: float = 60e6
    step_tokens: int = 16384
    micro_tokens: int = 4096
    masked_share: float = 0.2
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
