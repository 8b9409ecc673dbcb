"""PEFT as people serve prefixes with it: one adapter loaded for each, `set_adapter` and `generate` for each request.

Comes in:  a precision, how many prefixes.      Goes out: tokens a second.
"""

import time

import torch
from benchmarks.serving_load import ANSWER_LEN, PREFIX_LEN, PROMPT_LEN, SHAPES


class PeftServer:
    """A model of a shape with as many prefixes as requests."""

    def __init__(self, dtype: str, num: int, shape: str):
        from peft import PrefixTuningConfig, get_peft_model
        from transformers import GPT2Config, GPT2LMHeadModel

        torch.manual_seed(0)
        base = GPT2LMHeadModel(GPT2Config(**SHAPES[shape])).to(getattr(torch, dtype)).eval()
        base.generation_config.eos_token_id = None  # every answer is of one length on both sides
        config = PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=PREFIX_LEN, inference_mode=True)
        self.model = get_peft_model(base, config, adapter_name="p0")
        for number in range(1, num):
            self.model.add_adapter(f"p{number}", config)
        self.model.to(getattr(torch, dtype)).eval()
        self.num = num

    @torch.no_grad()
    def throughput(self) -> float:
        """Tokens a second over one request for each prefix."""
        began = time.perf_counter()
        for number in range(self.num):
            self.model.set_adapter(f"p{number}")
            ids = torch.tensor([[100 + (number * 31 + at) % 8000 for at in range(PROMPT_LEN)]])
            mask = torch.ones_like(ids)
            made = self.model.generate(
                input_ids=ids,
                attention_mask=mask,
                max_new_tokens=ANSWER_LEN,
                min_new_tokens=ANSWER_LEN,
                do_sample=False,
            )
            assert made.shape[1] == PROMPT_LEN + ANSWER_LEN, made.shape
        return self.num * ANSWER_LEN / (time.perf_counter() - began)
