"""What can be measured of a prefix, or of soft prompts, on some texts.

Comes in:  a Tuned whose method trains a prefix or soft prompts.
Goes out:  Findings: shares of attention, loss without each position or layer, likeness of positions, nearest words.

Letters: L layers, N query heads of a layer, P prefix positions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from foreword.backbone import Backbone
from foreword.errors import BadRecipe
from foreword.inspection.trial import Trial, trial_of, without_vector
from foreword.prefix import Injection, Prefix
from foreword.tuned import Tuned

NEAREST = 5  # words shown for each vector


@dataclass(frozen=True)
class Findings:
    """What was seen of one prefix; or of soft prompts that are none: their vectors are the positions.

    attention:  site -> [L, N, P], the mean share of a query's attention that each position has.
    loss:       nats per target token with the whole prefix, and without each position; without each layer: site -> one a layer,
                nothing where fewer than two layers have a prefix.
    alike:      [P, P] cosines between positions, all their keys and values together.
    positions:  [P, all numbers of a position], to set prefixes side by side.
    words:      of soft prompts, the nearest words of each vector with their cosines.
    """

    name: str
    num_texts: int
    attention: Mapping[str, Tensor]
    loss: float
    without_position: Sequence[float]
    without_layer: Mapping[str, Sequence[float]]
    alike: Tensor
    positions: Tensor
    words: Sequence[Sequence[tuple[str, float]]] = field(default=())


def look(tuned: Tuned, name: str, size: int, split: str = "") -> Findings:
    """Measure a prefix, or soft prompts, on the first `size` examples of a split (dev, where there is one, unless named).

    Raises:
        BadRecipe: what was trained is neither.
        BadData: the task has no such examples.
    """
    prefix, vectors = prefix_of(tuned), vectors_of(tuned)
    if prefix is None and vectors is None:
        raise BadRecipe(
            f"{name} is of {tuned.method['name']}, which trains neither a prefix nor a prompt that stands the same before every "
            "text: there is nothing to look into. Give a run of prefix-tuning or prompt-tuning, say."
        )
    split = split or ("dev" if "dev" in tuned.task.splits else tuned.recipe.eval.split)
    if prefix is not None:
        trial = trial_of(tuned, Injection.of(prefix), split, size)
        positions = flat_positions(prefix)
        without = [replace(trial, injection=Injection.of(without_position(prefix, p))) for p in several(positions)]
        layers = losses_without_layers(trial, prefix)
    else:
        assert vectors is not None
        trial = trial_of(tuned, Injection(vectors=vectors[None].to(tuned.backbone.device)), split, size)
        positions, layers = vectors, {}
        without = [replace(trial, pairs=[without_vector(pair, n) for pair in trial.pairs]) for n in several(vectors)]
    return Findings(
        name,
        len(trial.pairs),
        trial.attention(),
        trial.loss(),
        [less.loss() for less in without],
        layers,
        cosines(positions),
        positions,
        [] if vectors is None else nearest_words(tuned.backbone, vectors),
    )


def has_inside(tuned: Tuned) -> bool:
    """Whether there is anything to look into."""
    return prefix_of(tuned) is not None or vectors_of(tuned) is not None


@torch.no_grad()
def prefix_of(tuned: Tuned) -> Prefix | None:
    """What it ends as; or, where a layer of its own reads classes off, the prefix beside that layer."""
    method = tuned.trained
    if tuned.prefix is not None or method is None or not method.reads_classes or method.reads_text:
        return tuned.prefix
    injection = method.injection()
    if injection is None or not injection.keys or injection.infix_len:
        return None
    keys, values = ({site: t[:, 0].detach() for site, t in part.items()} for part in (injection.keys, injection.values))
    lens = {site: tuple(of[:, 0].tolist()) for site, of in injection.layer_lens.items()}
    return Prefix(keys, values, tuned.backbone.fingerprint, lens)


@torch.no_grad()
def vectors_of(tuned: Tuned) -> Tensor | None:
    """Trained vectors that stand the same in every text [N, E], float32; None where there are none, or several prompts."""
    method = tuned.trained
    if method is None or method.reads_text or method.num_prompts > 1:
        return None
    injection = method.injection()
    if injection is None or injection.vectors is None or injection.keys:
        return None
    return injection.vectors[0].detach().float().cpu()


def several(positions: Tensor) -> range:
    """Their numbers; none of a single one, without which nothing would be left."""
    return range(len(positions) if len(positions) > 1 else 0)


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


def losses_without_layers(trial: Trial, prefix: Prefix) -> dict[str, list[float]]:
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
            found[site].append(replace(trial, injection=Injection.of(there)).loss())
    return found


def flat_positions(prefix: Prefix) -> Tensor:
    """[P, all numbers of a position], float32."""
    parts = [t.float().permute(2, 0, 1, 3).flatten(1) for part in (prefix.keys, prefix.values) for t in part.values()]
    return torch.cat(parts, dim=1).cpu()


def cosines(rows: Tensor) -> Tensor:
    """[P, P] between rows [P, numbers]."""
    unit = F.normalize(rows, dim=1)
    return unit @ unit.T


def nearest_words(backbone: Backbone, vectors: Tensor) -> list[list[tuple[str, float]]]:
    """Of each vector; none of a prefix, whose keys and values are in no word's space."""
    words = F.normalize(backbone.word_vectors(range(len(backbone.tokenizer))), dim=1)
    near = (F.normalize(vectors, dim=1) @ words.T).topk(NEAREST, dim=1)
    return [
        [(str(backbone.tokenizer.decode([i])), round(cosine, 3)) for i, cosine in zip(ids, scores, strict=True)]
        for ids, scores in zip(near.indices.tolist(), near.values.tolist(), strict=True)
    ]
