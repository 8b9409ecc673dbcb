"""AutoPrompt: words in front of or behind the source, found by search; the gradient says which words are worth trying.

Comes in:  a backbone, a template, how many words are tried each step.      Goes out: words of the vocabulary, as ids.

Source: Shin et al. (2020), arXiv:2010.15980. A step takes one place of the prompt; of all words the loss' gradient at that place
names those whose change it expects to lower the loss the most; each is tried, and the best takes the place if it lowers the loss.
What differs: the words are tried on the batch that gave the gradient, theirs on another; the classes' words are the task's, theirs
are searched for as well, and kept out of the prompt; the search starts from common words drawn at random, theirs from masks, which
only masked models have.
"""

import random
from collections.abc import Callable, Mapping
from typing import Any, Literal

import torch
from pydantic import Field, PositiveInt, field_validator
from torch import Tensor, nn
from torch.optim import Optimizer

from foreword.backbone import Backbone
from foreword.errors import PrefixMismatch
from foreword.methods.base.prompts import DirectPrompt, common_words
from foreword.methods.base.soft_prompt import SoftPromptMethod
from foreword.methods.base.template import TrainedTemplate, places_of


class Settings(TrainedTemplate):
    """Words found by gradient-guided search (Shin et al., 2020, arXiv:2010.15980); train.lr is of no account."""

    name: Literal["autoprompt"] = Field(default="autoprompt", description="one of `foreword list methods`")
    template: str = Field(
        default="{soft:5} {source}", description="words, {source} and {soft:3} (three words to find) in their order"
    )
    num_candidates: PositiveInt = Field(default=10, description="words tried each step; each costs a forward pass")

    @field_validator("head")
    @classmethod
    def nothing_else_is_trained(cls, head: bool) -> bool:
        if head:
            raise ValueError(
                "the search finds words, and trains no layer beside them: choose prompt-tuning, or head=false"
            )
        return head


class AutoPrompt(SoftPromptMethod):
    """One prompt of real words for the whole task; its vectors are always some words'."""

    gives_prefix = True

    def __init__(
        self, backbone: Backbone, template: str = "{soft:5} {source}", num_candidates: int = 10, seed: int = 0
    ):
        self.num_candidates, self.seed = num_candidates, seed
        self.common = common_words(backbone)
        first = random.Random(seed).choices(self.common, k=places_of(template, within=0))
        super().__init__(backbone, template, DirectPrompt(backbone.word_vectors(first)))

    def search(self) -> "WordSearch":
        table = self.backbone.word_vectors(range(len(self.backbone.tokenizer))).to(self.backbone.device)
        forbidden = torch.tensor(self.backbone.tokenizer.all_special_ids, device=table.device)
        return WordSearch(self.trained_parameters()["vectors"], table, forbidden, self.num_candidates, self.seed)

    @property
    def words(self) -> list[int]:
        """The words' ids: those of the vectors, of equal vectors the first."""
        table = self.backbone.word_vectors(range(len(self.backbone.tokenizer)))
        return [int((table - vector).abs().sum(dim=1).argmin()) for vector in self.prompt().detach().cpu()]

    @property
    def num_trained(self) -> int:
        """The words: their vectors are the model's own."""
        return len(self.prompt())

    def export(self) -> dict[str, Tensor]:
        return {"words": torch.tensor(self.words)}

    def load(self, exported: Mapping[str, Tensor]) -> None:
        words, size = exported.get("words"), len(self.backbone.tokenizer)
        if words is None or len(words) != len(self.prompt()) or int(words.max()) >= size:
            raise PrefixMismatch(f"these are not {len(self.prompt())} words of {self.backbone.name}'s vocabulary.")
        self.prompt = DirectPrompt(self.backbone.word_vectors(words.tolist())).to(self.backbone.device)

    def start(self, exported: Mapping[str, Tensor]) -> None:
        self.load(exported)

    def facts(self) -> dict[str, Any]:
        tokenizer = self.backbone.tokenizer
        return {"words": [tokenizer.decode([word]) for word in self.words]}


class WordSearch(Optimizer):
    """Moves vectors [N, E] from word to word of a table [V, E], one place a step."""

    def __init__(self, vectors: nn.Parameter, table: Tensor, forbidden: Tensor, num_candidates: int, seed: int):
        super().__init__([{"params": [vectors]}], {"lr": 0.0})
        self.table, self.forbidden, self.num_candidates, self.seed = table, forbidden, num_candidates, seed

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """`closure`: the loss of the step's batch with the vectors as they are."""
        assert closure is not None, "words are tried by the loss they give"
        (vectors,) = self.param_groups[0]["params"]
        state = self.state[vectors]
        number = state.get("step", 0)
        state["step"] = number + 1
        place = random.Random(f"{self.seed}/{number}").randrange(len(vectors))
        lower = -(
            self.table @ vectors.grad[place]
        )  # by how much each word is expected to lower the loss, up to a constant
        lower[self.forbidden] = -torch.inf
        best, held = closure(), vectors[place].clone()
        for word in lower.topk(min(self.num_candidates, len(lower))).indices:
            vectors[place] = self.table[word]
            loss = closure()
            if loss < best:
                best, held = loss, self.table[word]
        vectors[place] = held
