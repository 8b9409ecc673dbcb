"""Several prompts answer every text in one batch, and the answer that most of them give counts.

Comes in:  trained prompts or prefixes for one backbone.      Goes out: a Method whose answers are voted for.

Source: prompt ensembles, Lester et al. (2021), arXiv:2104.08691, section 7: a batch holds each example once for each prompt.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

from foreword.backbone import Texts
from foreword.errors import BadRecipe
from foreword.methods.base.heads import Headed
from foreword.methods.base.method import Method
from foreword.methods.base.soft_prompt import SoftPromptMethod
from foreword.prefix import Injection, PrefixBank

Answer = TypeVar("Answer", bound=Hashable)


class Voting(Method):
    """What was trained apart, side by side; nothing here is trained."""

    votes = True

    def __init__(self, members: Sequence[Method]):
        """Raises BadRecipe: members that are neither all prefixes nor all prompts in one template; only some read classes."""
        self.backbone, self.num_prompts, self.members = members[0].backbone, len(members), list(members)
        self.inner = [member.inner if isinstance(member, Headed) else member for member in members]
        self.reads_classes = members[0].reads_classes
        self.takes_places = all(member.takes_places for member in self.inner)
        if any(member.reads_classes is not self.reads_classes for member in members):
            raise BadRecipe(
                "runs with a layer for the classes (method.head) do not vote with runs that have none. Score them apart."
            )
        prefixes = [member.prefix() for member in self.inner]
        prompts = [member for member in self.inner if isinstance(member, SoftPromptMethod)]
        self.bank = PrefixBank([prefix for prefix in prefixes if prefix is not None]) if all(prefixes) else None
        alike = len({prompt.template for prompt in prompts}) == 1
        if self.bank is None and (len(prompts) < len(members) or not alike):
            kinds = ", ".join(sorted({type(member).__name__ for member in self.inner}))
            raise BadRecipe(
                f"only prefixes, or prompts of one template, stand in one batch to vote; these are of {kinds}. Score them apart."
            )

    def trained_parameters(self) -> dict[str, nn.Parameter]:
        return {}

    @property
    def num_positions(self) -> int:
        """The longest prefix decides for all."""
        return 0 if self.bank is None else int(self.bank.lengths.max())

    @property
    def num_added(self) -> int:
        return self.inner[0].num_added if self.bank is None else 0

    @property
    def words_in_front(self) -> bool:
        return self.bank is None and self.inner[0].words_in_front

    def arrange(self, source: list[int]) -> list[int]:
        return source if self.bank is not None else self.inner[0].arrange(source)

    def injection(self, texts: Texts | None = None) -> Injection:
        if self.bank is not None:
            return self.bank.rows(range(self.num_prompts))
        vectors = [member.injection().vectors for member in self.inner if isinstance(member, SoftPromptMethod)]
        return Injection(vectors=torch.cat([each for each in vectors if each is not None]))

    def read(self, hidden: Tensor) -> Tensor:
        """Each one's rows, one's behind the other's, by its own layer."""
        rows = hidden.chunk(self.num_prompts)
        return torch.cat([member.read(own) for member, own in zip(self.members, rows, strict=True)])


def majority(answers: Sequence[Answer]) -> Answer:
    """What most say; of several as many, what the earliest said."""
    return Counter(answers).most_common(1)[0][0]
