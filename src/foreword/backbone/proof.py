"""The proof, made once when a decoder-only model is taken in, that a prefix means to it what words in front of the text mean.

Comes in:  a backbone, ready to run.      Goes out: nothing, or a reason to refuse it.
Shapes cannot tell whether a model keeps something beside keys and values (a state-space part in every layer), or places its
text in a way of its own. Two words said in front of two others, and the same two as a prefix, can: the logits must agree.
"""

from typing import TYPE_CHECKING

import torch

from foreword.prefix import Injection

if TYPE_CHECKING:
    from foreword.backbone.backbone import Backbone

# Of the words' whole effect, what may be missing; of the logits, what rounding takes. Half precision may also send a token
# to another expert, so there only what is plainly wrong is refused.
EXACT = (5e-4, 1e-4)
HALF = (0.1, 0.02)


def words_act_as_prefix(backbone: "Backbone") -> bool:
    """Whether words in front of a text, and the same words as a prefix, give the text the same logits."""
    vocab_size = backbone.model.config.get_text_config(decoder=True).vocab_size
    words, text = [[vocab_size // n for n in pair] for pair in ((7, 3), (2, 5))]
    with torch.no_grad():
        in_front = backbone.logits(backbone.texts_of(words + text))[:, len(words) :].float()
        as_prefix = backbone.logits(backbone.texts_of(text), Injection.of(backbone.activations(words))).float()
        without = backbone.logits(backbone.texts_of(text)).float()
    missing, rounding = EXACT if backbone.dtype == torch.float32 else HALF
    allowed = missing * (in_front - without).norm() + rounding * in_front.norm()
    return bool((as_prefix - in_front).norm() <= allowed)
