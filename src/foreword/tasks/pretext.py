"""Tasks that plain texts set by themselves, to pretrain prompts on: is this the next sentence; which of six is the next.

Comes in:  a folder of text files, each a document; which kind of task.      Goes out: as many examples as wanted.

Source: PPT, Gu et al. (2022), arXiv:2109.04332: pairs (next to each other, of one document, of two) and choices (the next sentence
among one more of its own document and four of others). Their third kind, single texts with another model's labels, is the task
`classes` over texts that such a model has labelled. A prompt trained on one of these is where another begins: train.start_from.
"""

import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import final

from foreword.errors import BadData, BadRecipe, UnknownName
from foreword.marks import MASK
from foreword.tasks.labelled import chosen
from foreword.tasks.reading import read_text
from foreword.tasks.task import Example, Task

SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[\"“'‘]?[A-Z])")
LEAST_WORDS, MOST_WORDS = 4, 40  # a sentence of fewer says too little, one of more takes too much room
LEAST_SENTENCES = 4
DEV_SHARE = 0.05  # of documents and of examples
ANSWERS = {  # as they are called here -> the word for each, unless others are given
    "pairs": {"two": "no", "apart": "maybe", "next": "yes"},
    "choices": {letter: letter for letter in "ABCDEF"},
}

Document = Sequence[str]  # its sentences


@final
class Pretext(Task):
    """A record is drawn: sentences, and how they stand to each other. No document of dev is in training."""

    name = "pretext"
    metrics = ("accuracy", "majority")
    merges = False
    has_places = True

    def __init__(
        self, path: str | Path | None = None, kind: str = "pairs", size: int = 20000, seed: int = 0, words: str = ""
    ):
        """`kind`: "pairs" or "choices"; `size`: examples to train on, dev having a twentieth of them.

        `words`: for two documents', one document's and neighbouring sentences, or for the six choices, parted by commas.
        """
        if not path:
            raise BadRecipe("task 'pretext' reads files: give path, a folder of text files, each a document.")
        if kind not in ANSWERS:
            raise UnknownName("kind of pretext", kind, ANSWERS)
        if size < 1:
            raise BadRecipe(f"task.size must be at least 1, got {size}.")
        self.path, self.kind, self.size, self.seed = Path(path), kind, size, seed
        self.words = chosen(words, ANSWERS[kind])
        super().__init__(("train", "dev"))

    def read(self, split: str) -> list[Example]:
        rng, documents = random.Random(f"{self.seed}/{split}"), self.documents(split)
        size = self.size if split == "train" else max(1, round(DEV_SHARE * self.size))
        draw = pair if self.kind == "pairs" else choice
        return [draw(rng, documents, self.words) for _ in range(size)]

    def documents(self, split: str) -> list[Document]:
        """The split's documents, those of dev drawn first.

        Raises:
            BadData: too few documents of enough sentences.
        """
        whole = [sentences_of(read_text(file)) for file in sorted(self.path.glob("*.txt"))]
        long_enough = [document for document in whole if len(document) >= LEAST_SENTENCES]
        random.Random(self.seed).shuffle(long_enough)
        num_dev = max(2, round(DEV_SHARE * len(long_enough)))
        chosen = long_enough[:num_dev] if split == "dev" else long_enough[num_dev:]
        if len(chosen) < 2:
            raise BadData(
                self.path,
                f"{len(long_enough)} text files of {LEAST_SENTENCES} sentences or more are in it, and at least 4 are needed. "
                "Give a folder of more texts.",
            )
        return chosen


def sentences_of(text: str) -> Document:
    """The sentences of middling length, in their order."""
    found = SENTENCE.split(" ".join(text.split()))
    return [sentence for sentence in found if LEAST_WORDS <= len(sentence.split()) <= MOST_WORDS]


def pair(rng: random.Random, documents: Sequence[Document], words: Sequence[str]) -> Example:
    """Two sentences: of two documents, of one, one behind the other; a word for each."""
    own, other = two(rng, documents)
    at = rng.randrange(len(own) - 1)
    answer = rng.randrange(len(words))
    apart = [i for i in range(len(own)) if i not in (at, at + 1)]
    second = (rng.choice(other), own[rng.choice(apart)], own[at + 1])[answer]
    return Example(f"{own[at]} {second} {MASK} .", (words[answer],))


def choice(rng: random.Random, documents: Sequence[Document], words: Sequence[str]) -> Example:
    """A sentence, and six of which one is the next; a word to call each by."""
    own, _ = two(rng, documents)
    at = rng.randrange(len(own) - 1)
    near = own[rng.choice([i for i in range(len(own)) if i not in (at, at + 1)])]
    far = [rng.choice(two(rng, documents, own)[1]) for _ in range(len(words) - 2)]
    options = [own[at + 1], near, *far]
    order = list(range(len(options)))
    rng.shuffle(order)
    listed = " ".join(f"{word} . {options[i]}" for word, i in zip(words, order, strict=True))
    return Example(f"{own[at]} What comes next ? {listed} It is {MASK} .", (words[order.index(0)],))


def two(rng: random.Random, documents: Sequence[Document], first: Document | None = None) -> tuple[Document, Document]:
    """Two different documents."""
    own = rng.choice(documents) if first is None else first
    return own, rng.choice([document for document in documents if document is not own])
