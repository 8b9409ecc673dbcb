"""Texts with their answers, and what is injected into a model that reads them: what that gains, and who attends to it.

Comes in:  a Tuned; examples of its task.      Goes out: a Trial, which can be tried again with a part left out.

Letters: L layers, N query heads of a layer, H key-value heads, G query heads per key-value head, P positions looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from foreword.assembly import class_pair
from foreword.backbone import Backbone, Texts
from foreword.backbone.wording import Pair, limits, source_ids, target_ids
from foreword.errors import BadData
from foreword.methods import Reader, reader_of
from foreword.prefix import Injection
from foreword.training.batches import collate
from foreword.training.loss import target_loss
from foreword.tuned import Tuned

ROWS = 16  # texts read at once


@dataclass(frozen=True)
class Trial:
    """`reader`: what reads classes off; None where answers are written."""

    backbone: Backbone
    pairs: Sequence[Pair]
    reader: Reader | None
    injection: Injection

    @torch.no_grad()
    def loss(self) -> float:
        """Nats per target token."""
        backbone, reader = self.backbone, self.reader
        total, count = 0.0, 0
        for start in range(0, len(self.pairs), ROWS):
            batch = collate(backbone, self.pairs[start : start + ROWS], classes=reader is not None).to(backbone.device)
            with backbone.injected(self.injection):
                if reader is None:
                    scores = backbone.logits(batch.texts, at=batch.at)
                else:
                    scores = reader(*backbone.outputs(batch.texts, None, batch.at))
            total += target_loss(scores, batch.targets).item()
            count += len(batch.targets)
        return total / count

    @torch.no_grad()
    def attention(self) -> dict[str, Tensor]:
        """site -> [L, N, P]: means over all queries of all texts, a text at a time, so that no padding is among them.

        P are the prefix's positions; or vectors that stand in the text, and then the queries are the text's other words.
        """
        vectors = self.injection.vectors
        num_positions = self.injection.prefix_len if vectors is None else vectors.shape[1]
        sums: dict[str, Tensor] = {}
        counts: dict[str, Tensor] = {}
        for pair in self.pairs:
            batch = collate(self.backbone, [pair], classes=self.reader is not None).to(self.backbone.device)
            places = None if vectors is None else places_of_vectors(batch.texts)
            with self.backbone.seam.watching(places and dict.fromkeys(self.sites_of_texts, places[1])) as watched:
                self.backbone.logits(batch.texts, self.injection, batch.at)
            for seen in watched:
                site, layer, shares = seen.site.site, seen.site.layer, seen.shares[:, 0]  # [H, G, T, P]
                if places and site != "cross":
                    shares = shares[:, :, batch.texts.ids[0] >= 0]
                by_head = shares.float().sum(dim=2).flatten(0, 1).cpu()  # [N, P]
                num_layers = self.backbone.sites[site].num_layers
                own = sums.setdefault(site, torch.zeros(num_layers, len(by_head), num_positions))
                own[layer][:, places[0].cpu() if places else slice(by_head.shape[1])] += by_head
                counts.setdefault(site, torch.zeros(num_layers, 1, 1))[layer] += shares.shape[2]
        return {site: part / counts[site].clamp(min=1) for site, part in sums.items()}

    @property
    def sites_of_texts(self) -> list[str]:
        """Sites whose keys are those of the text that vectors stand in."""
        return [site for site in self.backbone.sites if site != "decoder" or self.backbone.kind == "decoder-only"]


def places_of_vectors(texts: Texts) -> tuple[Tensor, Tensor]:
    """Of one row: numbers of the vectors in it, and the columns where they stand."""
    (columns,) = (texts.ids[0] < 0).nonzero(as_tuple=True)
    return -texts.ids[0, columns] - 1, columns


def without_vector(pair: Pair, number: int) -> Pair:
    """The same text without that vector."""
    columns = [column for column, i in enumerate(pair.source) if i == -number - 1]
    places = None if pair.places is None else [p - sum(column < p for column in columns) for p in pair.places]
    return replace(pair, source=[i for i in pair.source if i != -number - 1], places=places)


def trial_of(tuned: Tuned, injection: Injection, split: str, size: int) -> Trial:
    """On the first `size` examples of a split, each with its first reference.

    Raises:
        BadData: the task has no such examples.
    """
    backbone, task, told = tuned.backbone, tuned.task, tuned.recipe.task
    examples = task.examples(split)[:size]
    if not examples:
        raise BadData(told.name, f"its {split} data has no examples to look at. Name another --split.")
    method = None if tuned.prefix is not None else tuned.trained  # a prefix stands for all of its method
    reader = reader_of(backbone, method, task.words, task.per_word)
    num_added, words_in_front = (0, False) if method is None else (method.num_added, method.words_in_front)
    most = limits(backbone, injection.prefix_len, told.max_source_len, told.max_target_len, num_added)
    texts = [(example.source, example.references[0]) for example in examples]
    sources, _ = source_ids(backbone, [source for source, _ in texts], most.source_len, words_in_front)
    if reader is not None and method is not None:
        pairs = [class_pair(task, backbone, method, *text, ids) for text, ids in zip(texts, sources, strict=True)]
    elif reader is not None:
        pairs = [Pair(ids, [task.words.index(answer)]) for (_, answer), ids in zip(texts, sources, strict=True)]
    else:
        targets, _ = target_ids(backbone, [target for _, target in texts], most.target_len)
        arranged = sources if method is None else map(method.arrange, sources)
        pairs = [Pair(source, target) for source, target in zip(arranged, targets, strict=True)]
    return Trial(backbone, pairs, reader, injection)
