import pytest
import torch
from torch.testing import assert_close

from errors import UserError
from methods.networks.mlp import Mlp


def network(dtype=torch.float32, **options):
    torch.manual_seed(0)
    return Mlp(4, 2, **{"width": 16, "depth": 2, **options}).to(dtype)


def points(batch, dtype=torch.float32):
    torch.manual_seed(1)
    return torch.randn(batch, 4, dtype=dtype), torch.rand(batch, dtype=dtype) * 1000


def silu(x):
    return x / (1 + torch.exp(-x))


def test_mlp_computes_its_formula():
    net = network(torch.float64)
    x, t = points(7, torch.float64)
    angle = t[:, None] * 10000 ** (-torch.arange(8, dtype=torch.float64) / 7)
    time = net.time[1](torch.cat((angle.sin(), angle.cos()), 1))
    time = silu(net.time[3](time * 0.5 * (1 + torch.erf(time / 2**0.5))))
    h = net.first(x)
    for layer in range(2):
        h = h + net.outer[layer](silu(net.inner[layer](h) + net.shift[layer](time)))
    assert_close(net(x, t), net.last(silu(h)), rtol=0, atol=1e-12)
    assert net(x, t).shape == (7, 2)


@torch.no_grad()
def test_mlp_sees_the_time_and_not_the_batch():
    net = network()
    x, t = points(6)
    out = net(x, t)
    assert_close(torch.cat([net(x[i : i + 1], t[i : i + 1]) for i in range(6)]), out, rtol=0, atol=1e-5)
    assert ((net(x, t + 1) - out).abs().amax(1) > 1e-4).all()


@torch.no_grad()
def test_mlp_accepts_whole_and_half_precision_times():
    net = network()
    x, _ = points(2)
    whole = torch.tensor([999, 1000])
    out = net(x, whole)
    assert_close(net(x, whole.float()), out, rtol=0, atol=0)
    low = net.bfloat16()(x[:1].expand(2, -1).bfloat16(), whole)
    assert low.dtype == torch.bfloat16 and not torch.equal(low[0], low[1])  # 999 rounds to 1000 in bfloat16


@pytest.mark.parametrize(("options", "words"), [({"width": 7}, "width=7"), ({"depth": 0}, "depth=0")])
def test_mlp_refuses_bad_sizes(options, words):
    with pytest.raises(UserError, match=words):
        network(**options)
