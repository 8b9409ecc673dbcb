"""Float32 copies of a bfloat16 model's parameters, and the optimizers that move them.

Comes in:  a model, its gradients.      Goes out: the model moved; everything that a checkpoint must hold.
"""

from collections.abc import Mapping

import torch
from scripts.pretraining.plan import Plan
from torch import Tensor, nn


class Masters:
    """Hidden matrices are moved by Muon; embeddings, norms and biases by AdamW."""

    def __init__(self, model: nn.Module, plan: Plan):
        self.model_parameters = dict(model.named_parameters())
        self.parameters = {n: nn.Parameter(p.detach().float().clone()) for n, p in self.model_parameters.items()}
        tables = {id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)}
        is_table = {name: id(parameter) in tables for name, parameter in self.model_parameters.items()}
        matrices = [p for n, p in self.parameters.items() if p.ndim == 2 and not is_table[n]]
        inputs = [p for n, p in self.parameters.items() if p.ndim == 2 and is_table[n]]
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

    def load(self, tensors: Mapping[str, Tensor]) -> None:
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
