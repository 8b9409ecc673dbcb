"""Where a prefix is attended to, and what of it is dropped in training, is the recipe's to choose."""

import pytest
import torch
from tests.tiny_models import close, tiny_backbone
from tests.tiny_runs import TEXTS, log_lines, prefix_method, tiny_training

from foreword.errors import BadRecipe
from foreword.generation import Decoding, generate
from foreword.methods.prefix_tuning import PrefixTuning
from foreword.prefix import Injection, PrefixBank


@pytest.mark.parametrize("init", [{}, {"init": "words", "init_words": "so"}])
@pytest.mark.parametrize("sites", [["encoder"], ["decoder", "cross"]])
def test_only_the_named_sites_have_a_prefix(sites, init):
    backbone = tiny_backbone("bart")
    method = prefix_method(backbone, sites=sites, **init)
    assert list(method.prefix().sites) == sites
    assert set(method.injection().keys) == set(sites)
    whole = prefix_method(backbone, **init).prefix()
    part = whole.only(sites)
    texts = backbone.texts_of([5, 9, 23])
    some = backbone.logits(texts, Injection.of(part))
    assert not torch.equal(some, backbone.logits(texts, Injection.of(whole)))
    restored = PrefixTuning.restored(tiny_backbone("bart"), method.export())
    close(backbone.logits(texts, restored.injection()), backbone.logits(texts, Injection.of(method.prefix())))
    sources, decoding = [source for source, _ in TEXTS], Decoding(max_new_tokens=5)
    assert generate(backbone, sources, decoding, part) == [generate(backbone, [s], decoding, part)[0] for s in sources]
    assert PrefixBank([part]).rows([0]).prefix_len == 4


def test_a_site_that_the_model_does_not_have_is_told():
    with pytest.raises(BadRecipe, match="method.sites: tiny-gpt2 attends at decoder, not at 'encoder'"):
        prefix_method(tiny_backbone("gpt2"), sites=["encoder"])


def test_dropout_is_for_training_alone_and_keeps_the_mean():
    method = PrefixTuning(tiny_backbone("gpt2"), prefix_len=40, mlp_dim=0, dropout=0.25)
    dropped, whole = method.injection().keys["decoder"], method.prefix().keys["decoder"]
    gone = dropped[:, 0] == 0
    assert 0.2 < gone.float().mean() < 0.3
    torch.testing.assert_close(dropped[:, 0][~gone] * 0.75, whole[~gone])
    with torch.no_grad():
        assert torch.equal(method.injection().keys["decoder"][:, 0], whole)


def test_what_a_step_drops_follows_from_its_number_alone(tmp_path):
    """So a run that was stopped goes on as it would have: the process' own generator decides nothing, and is left alone."""
    ended = []
    for number in (1, 2):
        backbone = tiny_backbone("gpt2")
        method = prefix_method(backbone, dropout=0.5)
        torch.manual_seed(number)
        state = torch.get_rng_state()
        tiny_training(backbone, method, tmp_path / str(number), total_steps=3).run()
        assert torch.equal(torch.get_rng_state(), state)
        ended.append(method.prefix().tensors())
    assert all(torch.equal(ended[0][name], tensor) for name, tensor in ended[1].items())
    without = prefix_method(tiny_backbone("gpt2"))
    tiny_training(without.backbone, without, tmp_path / "without", total_steps=3).run()
    assert log_lines(tmp_path / "1") == log_lines(tmp_path / "2") != log_lines(tmp_path / "without")
