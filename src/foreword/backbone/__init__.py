"""The frozen model behind one interface; the only room that knows transformers' models."""

from foreword.backbone.backbone import Backbone, Texts
from foreword.backbone.loading import load_backbone

__all__ = ["Backbone", "Texts", "load_backbone"]
