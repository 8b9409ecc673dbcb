"""Methods that train vectors among the words of a text: they differ in where these stand and how they are made.

Comes in:  a backbone, a template, a module that yields the vectors [N, E].
Goes out:  vectors in the text; in decoder-only models, where nothing stands behind the source, the prefix that they are.
What made the vectors is dropped after training: they alone are kept.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from foreword.backbone import Backbone, Texts
from foreword.errors import PrefixMismatch
from foreword.methods.base.prompts import DirectPrompt, MLPPrompt
from foreword.methods.base.template import Template, TemplateMethod
from foreword.prefix import Injection, Prefix


class SoftPromptMethod(TemplateMethod):
    """A prompt of vectors and words around the source, or within it where the task's template has places for them."""

    def __init__(self, backbone: Backbone, template: str, prompt: nn.Module, within: int = 0):
        """`within`: how many vectors have their places in the source."""
        self.backbone, self.template = backbone, Template.of(template, backbone, within=within)
        self.prompt = prompt.to(backbone.device)

    def trained_parameters(self) -> dict[str, nn.Parameter]:
        return dict(self.prompt.named_parameters())

    def injection(self, texts: Texts | None = None) -> Injection:
        return Injection(vectors=self.prompt()[None])

    def export(self) -> dict[str, Tensor]:
        with torch.no_grad():
            return {"vectors": self.prompt().float().clone()}

    def start(self, exported: Mapping[str, Tensor]) -> None:
        """Behind the MLP, if there is one; a prompt encoder has no vectors of its own to put them in."""
        made_by = self.prompt
        if not isinstance(made_by, DirectPrompt | MLPPrompt):
            raise PrefixMismatch("what an encoder makes cannot start from vectors. Set method.encoder=none.")
        self.load(exported)
        with torch.no_grad():
            made_by.vectors.copy_(self.prompt())
        self.prompt = made_by

    def load(self, exported: Mapping[str, Tensor]) -> None:
        have = tuple(exported["vectors"].shape) if set(exported) == {"vectors"} else None
        want = (self.template.num_vectors, self.backbone.word_dim)
        if have != want:
            raise PrefixMismatch(f"this prompt is {have}, but {self.backbone.name} and the template want {want}.")
        self.prompt = DirectPrompt(exported["vectors"].float()).to(self.backbone.device)

    def prefix(self) -> Prefix | None:
        """None behind an encoder, which reads prompt and text together, and where the prompt goes on in or behind the source."""
        if self.backbone.kind != "decoder-only" or self.template.after or self.template.within:
            return None
        with torch.no_grad():
            vectors = self.prompt()
            words = self.backbone.word_vectors([max(number, 0) for number in self.template.before]).to(vectors.device)
            rows = [words[i] if number >= 0 else vectors[-number - 1] for i, number in enumerate(self.template.before)]
            return self.backbone.activations(torch.stack(rows))
