"""Prefixes side by side: how alike they are, where their positions lie, which layers attend to them.

Comes in:  Findings of several prefixes.      Goes out: a Comparison of those of one shape; its figures and pictures.

Letters: K prefixes, P positions of one, L layers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from foreword.inspection.drawing import layers, likeness, plane
from foreword.inspection.looking import Findings, cosines
from foreword.inspection.numbers import rounded
from foreword.report.plots import Picture


@dataclass(frozen=True)
class Comparison:
    """alike: [K, K] cosines between the means of their positions.   points: of each, [P, 2], its positions on one plane."""

    found: Sequence[Findings]
    alike: Tensor
    points: Sequence[Tensor]

    @classmethod
    def of(cls, found: Sequence[Findings]) -> "Comparison":
        means = torch.stack([one.positions.mean(dim=0) for one in found])
        return cls(found, cosines(means), projected([one.positions for one in found]))

    @property
    def names(self) -> list[str]:
        return [one.name for one in self.found]

    def figures(self) -> dict[str, Any]:
        points = {name: rounded(points) for name, points in zip(self.names, self.points, strict=True)}
        return {"names": self.names, "alike": rounded(self.alike), "plane": points}

    def pictures(self) -> list[Picture]:
        sites = dict.fromkeys(site for one in self.found for site in one.attention)
        shares = {
            site: {one.name: one.attention[site] for one in self.found if site in one.attention} for site in sites
        }
        return [
            plane(self.names, self.points),
            likeness(self.names, self.alike),
            *(layers(site, of_site) for site, of_site in shares.items()),
        ]


def compared(found: Sequence[Findings]) -> list[Comparison]:
    """Those of one shape with one another; one that is alone with its shape stands beside nothing."""
    shapes: dict[object, list[Findings]] = {}
    for one in found:
        layers_and_heads = tuple((site, shares.shape[:2]) for site, shares in one.attention.items())
        shapes.setdefault((one.positions.shape[1], layers_and_heads), []).append(one)
    return [Comparison.of(alike) for alike in shapes.values() if len(alike) > 1]


def projected(positions: Sequence[Tensor]) -> list[Tensor]:
    """Prefixes' positions [P, numbers] on the plane that shows them best (two principal components): [P, 2] each."""
    together = torch.cat(list(positions))
    together = together - together.mean(dim=0)
    _, _, directions = torch.linalg.svd(together, full_matrices=False)
    axes = directions[:2]
    axes = axes * axes.gather(1, axes.abs().argmax(dim=1, keepdim=True)).sign()  # which way is up is chance else
    flat = together @ axes.T
    if flat.shape[1] < 2:
        flat = F.pad(flat, (0, 2 - flat.shape[1]))
    return list(flat.split([len(rows) for rows in positions]))
