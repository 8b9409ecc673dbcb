"""Where the attention modules of a model find what they are to attend to before the text.

Comes in:  an Injection, or the Mixed prefixes of a batch's rows.      Goes out: to each attention module, what its layer sees.

Letters: B rows, R prefixes, L layers, H key-value heads, G query heads per key-value head, T queries, S text keys, P positions.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from torch import Tensor, nn

from foreword.prefix.injection import Injection, Mixed, Opened, layers_of

MARK = "foreword_site"  # the attribute of an attention module that holds its AttentionSite


@dataclass(frozen=True)
class Asked:
    """One call for attention, as recorded: who asked, for how many queries, over which of the text's keys and values."""

    module: nn.Module
    site: "AttentionSite"
    num_queries: int
    key: Tensor  # [B, H, S, D]
    value: Tensor
    has_sinks: bool


@dataclass(frozen=True)
class Watched:
    """How much of its attention each query of one call gave each prefix position, or each watched column: [H, B, G, T, P]."""

    site: "AttentionSite"
    shares: Tensor


class Seam(threading.local):
    """Where the attention modules of one model find the injection of the current forward pass.

    It is an object of the model's, not a global: two models live in one process. What is in it is seen by one thread only:
    two threads may run one model, each with its own injection. (A ContextVar would do that too, but stops torch.compile.)
    """

    def __init__(self) -> None:
        self.now: Opened | None = None
        self.record: list[Asked] | None = None
        self.watched: list[Watched] | None = None
        self.columns: Mapping[str, Tensor] | None = None  # site -> what of the text is watched; None: the prefix is
        self.mixed: Mixed | None = None
        self.starts: Tensor | None = (
            None  # [B] columns of this forward pass' text from which an infix is seen; None: from the first
        )
        self.named: Tensor | None = None  # ids that name vectors, while the words are looked up

    @contextmanager
    def open(self, injection: Injection) -> Iterator[None]:
        """Inject during the block."""
        assert self.now is None, "one injection at a time: the seam is already open"
        layers = layers_of(injection)
        opened = Opened(layers, injection.lengths, injection.prefix_len, injection.vectors, injection.infix_len)
        with self.resumed(opened):
            yield

    @contextmanager
    def starting(self, starts: Tensor | None) -> Iterator[None]:
        """During the block an infix stands before these columns [B] of the text; None: before its first."""
        with self.resumed(None if self.now is None else replace(self.now, starts=starts)):
            yield

    @contextmanager
    def resumed(self, then: Opened | None) -> Iterator[None]:
        """As it was `then`, during the block: for a forward pass that is computed again, in whichever thread."""
        before, self.now = self.now, then
        try:
            yield
        finally:
            self.now = before

    @contextmanager
    def mixing(self, mixed: Mixed | None) -> Iterator[None]:
        """During the block each row attends to its own prefix before its text; None: to none.

        Where the text stands is the caller's to say: nothing shifts its positions.
        """
        assert (self.now, self.mixed) == (None, None), "one injection at a time: the seam is already open"
        self.mixed = mixed
        try:
            yield
        finally:
            self.mixed = None

    @contextmanager
    def recording(self) -> Iterator[list[Asked]]:
        """Collect every call for attention during the block, in order."""
        assert self.record is None, "one recording at a time"
        self.record = []
        try:
            yield self.record
        finally:
            self.record = None

    @contextmanager
    def watching(self, columns: Mapping[str, Tensor] | None = None) -> Iterator[list[Watched]]:
        """Collect the shares of attention that the prefix is given during the block; each call is computed twice for it.

        Args:
            columns: site -> columns of the text there [P], to be watched in the prefix's place.
        """
        assert self.watched is None, "one watch at a time"
        self.watched, self.columns = [], columns
        try:
            yield self.watched
        finally:
            self.watched = self.columns = None


@dataclass(frozen=True)
class AttentionSite:
    """Put on each attention module under the name MARK: who it is and where its injection is found."""

    seam: Seam
    site: str
    layer: int

    def watched(self, num_positions: int) -> slice | Tensor | None:
        """What somebody who watches sees of a call over [prefix; text] with so many prefix positions; None: nothing of it."""
        if self.seam.columns is None:
            return slice(num_positions) if num_positions else None
        own = self.seam.columns.get(self.site)
        return None if own is None else own + num_positions
