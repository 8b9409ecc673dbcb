"""Parameterizations: what they fold to, how they are started, and that starting is exact where it can be."""

import pytest
import torch
from torch.testing import assert_close

from foreword.errors import PrefixMismatch
from foreword.prefix import DirectParameters, MLPReparameterization, Prefix, PrefixShape, SiteShape
from foreword.prefix.reparam import SiteMLP, num_parameters, parameterize

SITES = {"encoder": SiteShape(2, 3, 4), "decoder": SiteShape(3, 2, 6), "cross": SiteShape(3, 2, 6)}


def shape(prefix_len=5, sites=("encoder", "decoder", "cross")):
    return PrefixShape(prefix_len, {s: SITES[s] for s in sites}, hidden_size=7)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def random_prefix(like, seed=1):
    made = seeded(seed)
    kv = {
        s: torch.randn(2, x.num_layers, x.num_kv_heads, like.prefix_len, x.head_dim, generator=made)
        for s, x in like.sites.items()
    }
    return Prefix({s: x[0] for s, x in kv.items()}, {s: x[1] for s, x in kv.items()})


def all_close(got, wanted, tolerance):
    for name, tensor in wanted.tensors().items():
        assert_close(got.tensors()[name], tensor, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("mlp_dim", [0, 8])
def test_it_yields_a_prefix_of_the_shape_asked_for(mlp_dim):
    made = parameterize(shape(), mlp_dim, seeded())()
    assert (made.prefix_len, made.sites) == (5, SITES)


def test_an_mlp_is_an_embedding_and_two_layers_with_tanh_per_site():
    method = MLPReparameterization(shape(sites=["decoder"]), 8, seeded())
    assert num_parameters(method) == 5 * 7 + (7 * 8 + 8) + (8 * 2 * 3 * 2 * 6 + 2 * 3 * 2 * 6)
    chain, got = method.chains["decoder"], method()
    assert isinstance(chain, SiteMLP)
    for p in range(5):
        flat = (
            torch.tanh(chain.positions[p] @ chain.hidden.weight.T + chain.hidden.bias) @ chain.out.weight.T
            + chain.out.bias
        )
        by_layer = flat.view(3, 2, 2, 6)  # [L, key or value, H, D]
        assert_close(got.keys["decoder"][:, :, p], by_layer[:, 0])
        assert_close(got.values["decoder"][:, :, p], by_layer[:, 1])


@pytest.mark.parametrize("mlp_dim", [0, 8])
def test_what_is_folded_is_what_was_trained_and_has_no_strings_attached(mlp_dim):
    method = parameterize(shape(), mlp_dim, seeded()).to(torch.bfloat16)
    folded, now = method.fold(), method()
    for name, tensor in folded.tensors().items():
        assert torch.equal(tensor, now.tensors()[name].float())
        assert tensor.dtype == torch.float32
        assert not tensor.requires_grad
    with torch.no_grad():
        for parameter in method.parameters():
            parameter.zero_()
    assert all(t.abs().sum() > 0 for t in folded.tensors().values()), "the folded prefix must not share memory"


@pytest.mark.parametrize(("mlp_dim", "prefix_len"), [(0, 5), (0, 40), (8, 1), (8, 8), (8, 9), (64, 5), (512, 20)])
def test_a_fit_is_exact_where_there_are_no_more_positions_than_the_mlp_can_tell_apart(mlp_dim, prefix_len):
    method = parameterize(shape(prefix_len), mlp_dim, seeded())
    wanted = random_prefix(method.shape)
    method.fit(wanted)
    all_close(method.fold(), wanted, 1e-4)
    method.fit(wanted)
    all_close(method.fold(), wanted, 1e-4)


@pytest.mark.parametrize("prefix_len", [10, 30])
def test_a_fit_to_more_positions_than_that_is_the_least_squares_best(prefix_len):
    method = MLPReparameterization(shape(prefix_len), 8, seeded())
    wanted = random_prefix(method.shape)
    method.fit(wanted)
    fitted = method.fold()
    for site, chain in method.chains.items():
        assert isinstance(chain, SiteMLP)
        hidden = torch.tanh(chain.hidden(chain.positions)).detach().double()
        features = torch.cat([hidden, torch.ones(prefix_len, 1)], dim=1)
        target = (
            torch.cat([wanted.keys[site], wanted.values[site]]).permute(2, 0, 1, 3).reshape(prefix_len, -1).double()
        )
        best = features @ torch.linalg.pinv(features) @ target
        got = torch.cat([fitted.keys[site], fitted.values[site]]).permute(2, 0, 1, 3).reshape(prefix_len, -1).double()
        assert_close(got, best, atol=1e-4, rtol=1e-4)
        assert (got - target).norm() > 0.1 * target.norm()


def test_a_fit_moves_the_last_layer_only_and_no_further_than_it_must():
    method = MLPReparameterization(shape(), 64, seeded())
    before = {name: p.clone() for name, p in method.named_parameters()}
    method.fit(method.fold())
    for name, parameter in method.named_parameters():
        assert_close(parameter, before[name], atol=1e-5, rtol=1e-5)
    method.fit(random_prefix(method.shape))
    for name, parameter in method.named_parameters():
        assert torch.equal(parameter, before[name]) == (".out." not in name), name


def test_a_fitted_method_trains_on():
    method = MLPReparameterization(shape(), 16, seeded())
    method.fit(random_prefix(method.shape))
    torch.stack([t.square().sum() for t in method().tensors().values()]).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in method.parameters())


@pytest.mark.parametrize("mlp_dim", [0, 8])
@pytest.mark.parametrize(
    ("other", "message"),
    [
        (shape(4), "a prefix of 4 positions at .* this one has 5 positions"),
        (
            shape(5, ["decoder"]),
            r"5 positions at \['decoder'\]: this one has 5 positions at \['cross', 'decoder', 'encoder'\]",
        ),
        (PrefixShape(5, {**SITES, "cross": SiteShape(3, 2, 8)}, 7), "or other layers or heads"),
    ],
)
def test_a_fit_to_a_prefix_of_another_shape_is_refused(mlp_dim, other, message):
    with pytest.raises(PrefixMismatch, match=message):
        parameterize(shape(), mlp_dim, seeded()).fit(random_prefix(other))


@pytest.mark.parametrize("mlp_dim", [0, 8])
def test_the_start_comes_from_the_generator_given_and_from_nothing_else(mlp_dim):
    torch.manual_seed(7)
    one = parameterize(shape(), mlp_dim, seeded(3)).fold()
    torch.manual_seed(8)
    same, other = parameterize(shape(), mlp_dim, seeded(3)).fold(), parameterize(shape(), mlp_dim, seeded(4)).fold()
    for name, tensor in one.tensors().items():
        assert torch.equal(tensor, same.tensors()[name])
        assert not torch.equal(tensor, other.tensors()[name])


def test_making_a_method_leaves_the_global_generator_alone():
    torch.manual_seed(7)
    before = torch.get_rng_state()
    parameterize(shape(), 8, seeded())
    assert torch.equal(torch.get_rng_state(), before)


def test_mlp_dim_0_trains_the_keys_and_values_themselves():
    method = parameterize(shape(), 0, seeded())
    assert isinstance(method, DirectParameters)
    held = sum(2 * s.num_layers * s.num_kv_heads * s.head_dim for s in shape().sites.values()) * shape().prefix_len
    assert num_parameters(method) == num_parameters(method.fold().tensors()) == method.fold().num_values == held
