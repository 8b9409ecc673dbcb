"""Prefixes as tensors: what they are, how they are parameterised, started, batched and attended to.

This room knows tensors only: no transformers models, no text, no files.
"""

from foreword.prefix.attention import prefix_attention
from foreword.prefix.bank import PrefixBank
from foreword.prefix.injection import Injection, Kept, Mixed, grouped
from foreword.prefix.prefix import Prefix, PrefixShape, SiteShape, in_a_row
from foreword.prefix.reparam import DirectParameters, MLPReparameterization, Parameterization
from foreword.prefix.seam import AttentionSite, Seam

__all__ = [
    "AttentionSite",
    "DirectParameters",
    "Injection",
    "Kept",
    "MLPReparameterization",
    "Mixed",
    "Parameterization",
    "Prefix",
    "PrefixBank",
    "PrefixShape",
    "Seam",
    "SiteShape",
    "grouped",
    "in_a_row",
    "prefix_attention",
]
