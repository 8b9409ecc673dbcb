"""Finding where a model attends, without knowing any model: run two words through it and see who asks for attention.

Comes in:  a transformers model.      Goes out: its sites and their shapes; every attention module marked with its site and layer.
A module is cross attention when its keys come from the other text, decoder when the text is the decoder's: the two texts of
the trial run have different lengths, so shapes tell. No module names are read and no model is special-cased.
"""

import inspect
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

import torch
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.masking_utils import sdpa_mask

from foreword.errors import UnsupportedBackbone
from foreword.prefix import AttentionSite, Seam, SiteShape, prefix_attention
from foreword.prefix.seam import MARK, Asked

ATTENTION = "foreword"
AttentionInterface.register(ATTENTION, prefix_attention)
AttentionMaskInterface.register(ATTENTION, sdpa_mask)

FIRST_LEN, SECOND_LEN = 3, 2  # of the trial texts: encoder (or only) text, decoder text


@contextmanager
def restored_if_refused(model: PreTrainedModel) -> Iterator[None]:
    """A model that turns out not to carry a prefix leaves the block with the attention it came with, and without marks."""
    before = model.config._attn_implementation
    try:
        yield
    except UnsupportedBackbone:
        for module in model.modules():
            module.__dict__.pop(MARK, None)
        model.set_attn_implementation(before or "eager")
        raise


def mark_sites(model: PreTrainedModel, seam: Seam, name: str) -> dict[str, SiteShape]:
    """Send the model's attention through ours and tell every attention module its site and layer.

    Raises:
        UnsupportedBackbone: the model's attention does not pass through transformers' interface, or its layers do not each
            have keys and values of one shape.
    """
    model.set_attn_implementation(ATTENTION)
    asked = trial_run(model, seam, name)
    check_calls(asked, model, name)
    sites: dict[str, list[Asked]] = {}
    for call in asked:
        site = site_of(call, model.config.is_encoder_decoder, bool(getattr(call.module, "is_causal", False)))
        setattr(call.module, MARK, AttentionSite(seam, site, len(sites.setdefault(site, []))))
        sites[site].append(call)
    shapes = {site: shape_of(site, calls, name, model) for site, calls in sites.items()}
    check_every_layer_attends(model, shapes, name)
    if model.config.is_encoder_decoder and (lacking := {"encoder", "cross", "decoder"} - set(shapes)):
        raise refusal(
            name, model, f"its {' and '.join(sorted(lacking))} attention does not go through transformers' interface"
        )
    if "decoder" in shapes and not model.config.is_encoder_decoder:
        check_takes_positions(model, name)
    return shapes


def kind_of(is_encoder_decoder: bool, sites: Collection[str]) -> str:
    """What a model with attention at these sites is."""
    if is_encoder_decoder:
        return "encoder-decoder"
    return "decoder-only" if "decoder" in sites else "encoder-only"


def trial_run(model: PreTrainedModel, seam: Seam, name: str) -> list[Asked]:
    """Who asked for attention, in the order of the layers."""
    nowhere = AttentionSite(seam, "", 0)
    for module in model.modules():
        setattr(module, MARK, nowhere)
    first = torch.zeros(1, FIRST_LEN, dtype=torch.long, device=model.device)
    texts = {"input_ids": first, "attention_mask": torch.ones_like(first)}
    if model.config.is_encoder_decoder:
        texts["decoder_input_ids"] = first[:, :SECOND_LEN]
    try:
        with torch.no_grad(), seam.recording() as asked:
            model(**texts, use_cache=False)
    finally:
        for module in model.modules():
            module.__dict__.pop(MARK, None)  # a model that exchanges its modules as it reads has some without
    return asked


def site_of(call: Asked, is_encoder_decoder: bool, is_causal: bool) -> str:
    if not is_encoder_decoder:
        return "decoder" if is_causal else "encoder"
    if call.num_queries != call.key.shape[2]:
        return "cross"
    return "decoder" if call.num_queries == SECOND_LEN else "encoder"


def shape_of(site: str, calls: list[Asked], name: str, model: PreTrainedModel) -> SiteShape:
    """The one shape of a site's layers: [H, D] of keys and values."""
    shapes = {(call.key.shape[1], call.key.shape[3], call.value.shape[3]) for call in calls}
    if len(shapes) != 1:
        raise refusal(name, model, f"its {site} layers have keys of different shapes ({sorted(shapes)})")
    num_kv_heads, head_dim, value_dim = shapes.pop()
    if head_dim != value_dim:
        reason = f"its keys ({head_dim}) and values ({value_dim}) differ in size, as with latent attention (MLA)"
        raise refusal(name, model, reason)
    return SiteShape(len(calls), num_kv_heads, head_dim)


def check_calls(asked: list[Asked], model: PreTrainedModel, name: str) -> None:
    """Each attention module asks once, for plain attention."""
    if not asked:
        raise refusal(name, model, "its attention does not go through transformers' attention interface")
    if any(call.has_sinks for call in asked):
        raise refusal(name, model, "it uses attention sinks, which take a share of attention that a prefix would need")
    if len({id(call.module) for call in asked}) < len(asked):
        raise refusal(name, model, "its layers share one attention module, so they cannot be told apart")


def check_takes_positions(model: PreTrainedModel, name: str) -> None:
    if "position_ids" not in inspect.signature(model.forward).parameters:
        raise refusal(name, model, "it takes no position_ids, so its text cannot start after the prefix")


def check_every_layer_attends(model: PreTrainedModel, shapes: Mapping[str, SiteShape], name: str) -> None:
    config = model.config.get_text_config(decoder=True)
    attending = max(shape.num_layers for shape in shapes.values())
    num_layers = getattr(config, "num_hidden_layers", attending)
    if attending < num_layers:
        reason = f"only {attending} of its {num_layers} layers have keys and values (a state-space or hybrid model)"
        raise refusal(name, model, reason)


def refusal(name: str, model: PreTrainedModel, reason: str) -> UnsupportedBackbone:
    return UnsupportedBackbone(
        f"{name} ({type(model).__name__}) cannot carry a prefix: {reason}. "
        "Choose a model such as GPT-2, Llama, Qwen, Mistral, OPT, GPT-NeoX, Gemma, BART, T5, BERT or RoBERTa."
    )
