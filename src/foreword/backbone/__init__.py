"""The frozen model behind one interface; the only room that knows transformers' models."""

from foreword.backbone.backbone import Backbone
from foreword.backbone.loading import load_backbone
from foreword.backbone.texts import Texts

__all__ = ["Backbone", "Texts", "load_backbone"]
