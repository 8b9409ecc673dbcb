"""Instance-wise prompts: made of each source's own words, whoever stands beside it and wherever the padding is."""

import pytest
import torch
from tests.tiny_models import tiny_backbone
from tests.tiny_runs import TEXTS, pairs_of, tiny_training

from foreword.backbone import Texts
from foreword.backbone.wording import Pair
from foreword.errors import PrefixMismatch
from foreword.generation import Decoding, answers, padded_sources
from foreword.methods.base.instance_tokens import first_tokens
from foreword.methods.ipt import IPT
from foreword.prefix.reparam import num_parameters
from foreword.training.batches import collate

WAYS = [
    {"base": base, "encoder": encoder} for base in ("prompt", "prefix") for encoder in ("none", "cnn", "lstm", "mlp")
]


def test_the_first_tokens_are_the_sources_own():
    ids = torch.tensor([[0, 0, -1, -2, 7, 8, 9, 1, 40, 41], [-1, -2, 5, 1, 30, 31, 32, 0, 0, 0]])
    mask = torch.tensor([[False] * 2 + [True] * 8, [True] * 7 + [False] * 3])
    texts = Texts(ids, mask, starts=torch.tensor([7, 3]))
    assert first_tokens(texts, 4, (0, 1)).tolist() == [[7, 8, 9, 7], [5, 5, 5, 5]], "no names, no padding, no answers"
    assert first_tokens(Texts(ids[:, 2:8], mask[:, 2:8]), 2, (1, 1)).tolist() == [[8, 9], [1, 30]]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: "-".join(way.values()))
@pytest.mark.parametrize("family", ["gpt2", "t5"])
def test_a_row_gets_its_own_prompt_whoever_stands_beside_it(family, way):
    backbone = tiny_backbone(family)
    method = IPT(backbone, num_tokens=3, **way)
    sources = [source for source, _ in TEXTS]
    decoding = Decoding(max_new_tokens=8)
    together = answers(backbone, sources, decoding, method=method).texts
    alone = [answers(backbone, [source], decoding, method=method).texts[0] for source in sources]
    assert together == alone
    pairs = [Pair(method.arrange(pair.source), pair.target) for pair in pairs_of(backbone)]
    in_training = method.injection(collate(backbone, pairs).texts)
    in_generation = method.injection(padded_sources(backbone, [pair.source for pair in pairs]))
    for one, other in zip(in_training.tensors(), in_generation.tensors(), strict=True):
        torch.testing.assert_close(one, other)
    differs = in_training.tensors()[0]
    rows = differs if way["base"] == "prompt" else differs[0]
    assert not torch.equal(rows[0], rows[1])


@pytest.mark.parametrize("way", WAYS, ids=lambda way: "-".join(way.values()))
def test_it_learns_and_is_kept(tmp_path, way):
    backbone = tiny_backbone("gpt2")
    method = IPT(backbone, num_tokens=3, **way)
    pairs = [Pair(method.arrange(pair.source), pair.target) for pair in pairs_of(backbone, TEXTS[:3])]
    training = tiny_training(backbone, method, tmp_path, pairs=pairs, dev=pairs, lr=0.05, total_steps=40)
    untrained = training.mean_loss(training.dev_pairs)
    training.run()
    assert training.mean_loss(training.dev_pairs) < 0.9 * untrained
    restored = IPT.restored(tiny_backbone("gpt2"), method.export(), num_tokens=3, **way)
    texts = collate(backbone, pairs).texts
    for one, other in zip(restored.injection(texts).tensors(), method.injection(texts).tensors(), strict=True):
        assert torch.equal(one, other)


def test_on_a_prefix_only_the_first_layer_is_the_instances():
    backbone = tiny_backbone("llama")
    method = IPT(backbone, base="prefix", num_tokens=3)
    made = method.injection(collate(backbone, pairs_of(backbone)[:2]).texts)
    keys = made.keys["decoder"]
    assert keys.shape == (3, 2, 2, 3, 16)
    assert torch.equal(keys[1:, 0], keys[1:, 1])
    assert not torch.equal(keys[0, 0], keys[0, 1])


def test_the_true_counts_are_reported():
    backbone = tiny_backbone("gpt2")
    vocabulary = len(backbone.tokenizer)
    assert num_parameters(IPT(backbone).trained_parameters()) == vocabulary * 32
    on_prefix = num_parameters(IPT(backbone, base="prefix", num_tokens=4).trained_parameters())
    assert on_prefix == vocabulary * 64 + 2 * 3 * 4 * 32
    assert 50265 * 1024 / 355e6 == pytest.approx(0.145, abs=5e-4), "RoBERTa-large, as the module's text says"


@pytest.mark.parametrize("encoder", ["none", "lstm"])
def test_a_start_brings_what_makes_vectors_of_words_and_no_prefix(encoder):
    backbone = tiny_backbone("gpt2")
    first, second = (IPT(backbone, base="prefix", num_tokens=2, encoder=encoder, seed=seed) for seed in (1, 2))
    before, given = second.export(), first.export()
    second.start(given)
    for name, tensor in second.export().items():
        assert torch.equal(tensor, (before if name.startswith("prefix.") else given)[name])


def test_another_vocabularys_table_is_refused():
    exported = IPT(tiny_backbone("gpt2"), num_tokens=3).export()
    with pytest.raises(PrefixMismatch, match="these tensors are not of ipt with these settings on tiny-llama"):
        IPT.restored(tiny_backbone("llama"), exported, num_tokens=3)
