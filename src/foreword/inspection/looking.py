"""What can be measured of a prefix on some texts.

Comes in:  a Tuned that ends as a prefix or as soft prompts; examples of its task.
Goes out:  Findings: shares of attention, loss without each position or layer, likeness of positions, nearest words.

Letters: L layers, N query heads of a layer, P prefix positions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from foreword.backbone import Backbone
from foreword.backbone.wording import Pair, limits, source_ids, target_ids
from foreword.errors import BadData, BadRecipe
from foreword.methods import Reader, reader_of
from foreword.prefix import Injection, Prefix
from foreword.training.batches import collate
from foreword.training.loss import target_loss
from foreword.tuned import Tuned

NEAREST = 5  # words shown for each vector


@dataclass(frozen=True)
class Findings:
    """What was seen of one prefix.

    attention:  site -> [L, N, P], the mean share of a query's attention that each position has.
    loss:       nats per target token with the whole prefix, and without each position or layer.
    alike:      [P, P] cosines between positions, all their keys and values together.
    positions:  [P, all numbers of a position], to set prefixes side by side.
    words:      of soft prompts, the nearest words of each vector with their cosines.
    """

    name: str
    num_texts: int
    attention: Mapping[str, Tensor]
    loss: float
    without_position: Sequence[float]
    without_layer: Mapping[str, Sequence[float]]  # site -> one a layer; empty where only one layer has a prefix
    alike: Tensor
    positions: Tensor
    words: Sequence[Sequence[tuple[str, float]]] = field(default=())


def look(tuned: Tuned, name: str, size: int, split: str = "") -> Findings:
    """Measure a prefix on the first `size` examples of a split (dev, where there is one, unless named).

    Raises:
        BadRecipe: what was trained is no prefix and has none in it.
        BadData: the task has no such examples.
    """
    prefix = tuned.prefix
    if prefix is None:
        own_layer = " with a layer of its own" if tuned.recipe.method.head else ""
        raise BadRecipe(
            f"{name} is of {tuned.method['name']}{own_layer}, which does not end as a prefix here: there is nothing to look "
            "into. Give a run of prefix-tuning, or of prompts in front of a decoder's text."
        )
    split = split or ("dev" if "dev" in tuned.task.splits else tuned.recipe.eval.split)
    pairs, reader = pairs_of(tuned, split, size)
    backbone = tuned.backbone
    return Findings(
        name,
        len(pairs),
        attention_shares(backbone, prefix, pairs, reader),
        loss_of(backbone, prefix, pairs, reader),
        losses_without_positions(backbone, prefix, pairs, reader),
        losses_without_layers(backbone, prefix, pairs, reader),
        cosines(flat_positions(prefix)),
        flat_positions(prefix),
        words_of(tuned),
    )


def pairs_of(tuned: Tuned, split: str, size: int) -> tuple[list[Pair], Reader | None]:
    """The examples as ids, each with its first reference; and what reads classes off, where that is how it answers."""
    backbone, task, recipe = tuned.backbone, tuned.task, tuned.recipe
    examples = task.examples(split)[:size]
    if not examples:
        raise BadData(recipe.task.name, f"its {split} data has no examples to look at. Name another --split.")
    reader = reader_of(backbone, None, task.words, task.per_word)
    prefix_len = 0 if tuned.prefix is None else tuned.prefix.prefix_len
    most = limits(backbone, prefix_len, recipe.task.max_source_len, recipe.task.max_target_len)
    sources, _ = source_ids(backbone, [example.source for example in examples], most.source_len)
    if reader is not None:
        numbers = [[task.words.index(example.references[0])] for example in examples]
        return [Pair(source, number) for source, number in zip(sources, numbers, strict=True)], reader
    targets, _ = target_ids(backbone, [example.references[0] for example in examples], most.target_len)
    return [Pair(source, target) for source, target in zip(sources, targets, strict=True)], None


@torch.no_grad()
def attention_shares(
    backbone: Backbone, prefix: Prefix, pairs: Sequence[Pair], reader: Reader | None
) -> dict[str, Tensor]:
    """site -> [L, N, P]: means over all queries of all texts, a text at a time, so that no padding is among them."""
    sums: dict[str, list[Tensor]] = {}
    counts: dict[str, int] = {}
    for pair in pairs:
        batch = collate(backbone, [pair], classes=reader is not None).to(backbone.device)
        with backbone.seam.watching() as watched:
            backbone.logits(batch.texts, Injection.of(prefix), batch.at)
        num_queries = {seen.site.site: seen.shares.shape[3] for seen in watched}
        counts = {site: counts.get(site, 0) + num for site, num in num_queries.items()}
        for seen in watched:
            H, _, G, _, P = seen.shares.shape  # of one row
            site = seen.site.site
            if site not in sums:
                sums[site] = [torch.zeros(H * G, prefix.prefix_len) for _ in range(prefix.sites[site].num_layers)]
            sums[site][seen.site.layer][:, :P] += seen.shares[:, 0].float().sum(dim=2).reshape(H * G, P).cpu()
    return {site: torch.stack(layers) / counts[site] for site, layers in sums.items()}


@torch.no_grad()
def loss_of(backbone: Backbone, prefix: Prefix, pairs: Sequence[Pair], reader: Reader | None, rows: int = 16) -> float:
    """Nats per target token."""
    total, count = 0.0, 0
    for start in range(0, len(pairs), rows):
        batch = collate(backbone, pairs[start : start + rows], classes=reader is not None).to(backbone.device)
        with backbone.injected(Injection.of(prefix)):
            if reader is None:
                scores = backbone.logits(batch.texts, at=batch.at)
            else:
                scores = reader(*backbone.outputs(batch.texts, None, batch.at))
        total += target_loss(scores, batch.targets).item()
        count += len(batch.targets)
    return total / count


def losses_without_positions(
    backbone: Backbone, prefix: Prefix, pairs: Sequence[Pair], reader: Reader | None
) -> list[float]:
    """The loss without each position; none where there is but one."""
    some = range(prefix.prefix_len if prefix.prefix_len > 1 else 0)
    return [loss_of(backbone, without_position(prefix, p), pairs, reader) for p in some]


def without_position(prefix: Prefix, position: int) -> Prefix:
    """The same, that position hidden in every layer; the text stays where it was.

    Attention does not mind the order of keys, so it is put last, where a layer's length can leave it out.
    """
    order = [p for p in range(prefix.prefix_len) if p != position] + [position]
    keys, values = (
        {site: tensor[:, :, order] for site, tensor in part.items()} for part in (prefix.keys, prefix.values)
    )
    lens = {site: tuple(n - (position < n) for n in prefix.lens(site)) for site in prefix.keys}
    return Prefix(keys, values, prefix.made_for, lens)


def losses_without_layers(
    backbone: Backbone, prefix: Prefix, pairs: Sequence[Pair], reader: Reader | None
) -> dict[str, list[float]]:
    """site -> the loss without the prefix of each layer; none where a site's prefix stands before one layer alone."""
    found: dict[str, list[float]] = {}
    for site in prefix.keys:
        lens = prefix.lens(site)
        if sum(n > 0 for n in lens) < 2:
            continue
        found[site] = []
        for layer in range(len(lens)):
            left = tuple(0 if number == layer else n for number, n in enumerate(lens))
            there = replace(prefix, layer_lens={**prefix.layer_lens, site: left})
            found[site].append(loss_of(backbone, there, pairs, reader))
    return found


def flat_positions(prefix: Prefix) -> Tensor:
    """[P, all numbers of a position], float32."""
    parts = [t.float().permute(2, 0, 1, 3).flatten(1) for part in (prefix.keys, prefix.values) for t in part.values()]
    return torch.cat(parts, dim=1).cpu()


def cosines(rows: Tensor) -> Tensor:
    """[P, P] between rows [P, numbers]."""
    unit = F.normalize(rows, dim=1)
    return unit @ unit.T


def words_of(tuned: Tuned) -> list[list[tuple[str, float]]]:
    """Of soft prompts each vector's nearest words; none of a prefix, whose keys and values are in no word's space."""
    kept = {} if tuned.trained is None else tuned.trained.export()
    if set(kept) != {"vectors"}:
        return []
    backbone = tuned.backbone
    words = F.normalize(backbone.word_vectors(range(len(backbone.tokenizer))), dim=1)
    near = (F.normalize(kept["vectors"].float().cpu(), dim=1) @ words.T).topk(NEAREST, dim=1)
    return [
        [(str(backbone.tokenizer.decode([i])), round(cosine, 3)) for i, cosine in zip(ids, scores, strict=True)]
        for ids, scores in zip(near.indices.tolist(), near.values.tolist(), strict=True)
    ]


def projected(positions: Sequence[Tensor]) -> list[Tensor]:
    """Prefixes' positions [P, numbers] on the plane that shows them best (two principal components): [P, 2] each.

    Raises:
        BadRecipe: they are of models of different shapes.
    """
    if len({rows.shape[1] for rows in positions}) > 1:
        raise BadRecipe(
            "prefixes can be set side by side only where they are for models of one shape. Look at them apart."
        )
    together = torch.cat(list(positions))
    together = together - together.mean(dim=0)
    _, _, directions = torch.linalg.svd(together, full_matrices=False)
    plane = directions[:2]
    plane = plane * plane.gather(1, plane.abs().argmax(dim=1, keepdim=True)).sign()  # which way is up is chance else
    flat = together @ plane.T
    if flat.shape[1] < 2:
        flat = F.pad(flat, (0, 2 - flat.shape[1]))
    return list(flat.split([len(rows) for rows in positions]))
