"""The U-Net against the equations, written out once more without any of its shortcuts."""

import copy
import math

import pytest
import torch
from torch.testing import assert_close

from errors import UserError
from methods.networks import attention
from methods.networks.attention import LinearAttention
from methods.networks.blocks import StandardizedConv2d
from methods.networks.unet import Unet

HEADS, DIM_HEAD = 4, 32


def conv(x, w, name, **how):
    return torch.nn.functional.conv2d(x, w[name + ".weight"], w.get(name + ".bias"), **how)


def over(x, dims, eps=1e-5):
    centred = x - x.mean(dims, keepdim=True)
    return centred / (centred.square().mean(dims, keepdim=True) + eps).sqrt()


def block(x, w, name, film=None, groups=8):
    x = torch.nn.functional.conv2d(x, over(w[name + ".proj.weight"], (1, 2, 3)), w[name + ".proj.bias"], padding=1)
    batch, channels, *size = x.shape
    x = over(x.reshape(batch, groups, -1), (2,)).view(batch, channels, *size)
    x = x * w[name + ".norm.weight"].view(1, -1, 1, 1) + w[name + ".norm.bias"].view(1, -1, 1, 1)
    if film is not None:
        x = x * (film[0] + 1) + film[1]
    return x * torch.sigmoid(x)


def resnet(x, time, w, name):
    film = (time * torch.sigmoid(time)) @ w[name + ".mlp.1.weight"].T + w[name + ".mlp.1.bias"]
    h = block(block(x, w, name + ".block1", film[:, :, None, None].chunk(2, 1)), w, name + ".block2")
    return h + (conv(x, w, name + ".res_conv") if name + ".res_conv.weight" in w else x)


def heads(x, w, name):
    qkv = conv(over(x, (1,)) * w[name + ".fn.norm.g"], w, name + ".fn.fn.to_qkv")
    return (part.reshape(len(x), HEADS, DIM_HEAD, -1) for part in qkv.chunk(3, 1))


def linear_attention(x, w, name):
    q, k, v = heads(x, w, name)
    context = torch.einsum("bhdn,bhen->bhde", k.softmax(3), v / v.shape[3])
    out = torch.einsum("bhde,bhdn->bhen", context, q.softmax(2) / math.sqrt(DIM_HEAD))
    out = conv(out.reshape(len(x), -1, *x.shape[2:]), w, name + ".fn.fn.to_out.0")
    return x + over(out, (1,)) * w[name + ".fn.fn.to_out.1.g"]


def full_attention(x, w, name):
    q, k, v = heads(x, w, name)
    weights = torch.einsum("bhdi,bhdj->bhij", q, k).div(math.sqrt(DIM_HEAD)).softmax(3)
    out = torch.einsum("bhij,bhdj->bhdi", weights, v).reshape(len(x), -1, *x.shape[2:])
    return x + conv(out, w, name + ".fn.fn.to_out")


def reference(w, x, t):
    half = w["time_mlp.1.weight"].shape[1] // 2
    angle = t[:, None] * 10000 ** (-torch.arange(half, dtype=t.dtype) / (half - 1))
    time = torch.cat((angle.sin(), angle.cos()), 1) @ w["time_mlp.1.weight"].T + w["time_mlp.1.bias"]
    time = time * 0.5 * (1 + torch.erf(time / math.sqrt(2)))
    time = time @ w["time_mlp.3.weight"].T + w["time_mlp.3.bias"]
    levels = 1 + max(int(name.split(".")[1]) for name in w if name.startswith("downs."))
    first = h = conv(x, w, "init_conv", padding=3)
    skips = []
    for i in range(levels):
        skips.append(h := resnet(h, time, w, f"downs.{i}.0"))
        skips.append(h := linear_attention(resnet(h, time, w, f"downs.{i}.1"), w, f"downs.{i}.2"))
        h = conv(h, w, f"downs.{i}.3", padding=1, stride=2 if i < levels - 1 else 1)
    h = full_attention(resnet(h, time, w, "mid_block1"), w, "mid_attn")
    h = resnet(h, time, w, "mid_block2")
    for i in range(levels):
        h = resnet(torch.cat((h, skips.pop()), 1), time, w, f"ups.{i}.0")
        h = linear_attention(resnet(torch.cat((h, skips.pop()), 1), time, w, f"ups.{i}.1"), w, f"ups.{i}.2")
        if i < levels - 1:
            h = h.repeat_interleave(2, 2).repeat_interleave(2, 3)
        h = conv(h, w, f"ups.{i}.3" if i == levels - 1 else f"ups.{i}.3.1", padding=1)
    return conv(resnet(torch.cat((h, first), 1), time, w, "final_res_block"), w, "final_conv")


def network(dtype=torch.float32, mults=(1, 2), dim=8, channels=(6, 3)):
    torch.manual_seed(0)
    net = Unet(*channels, dim=dim, dim_mults=mults).to(dtype)
    for parameter in net.parameters():  # gains and shifts that start at 1 and 0 would hide a mistake
        if parameter.ndim == 1 or parameter.shape[0] == 1:
            torch.nn.init.normal_(parameter, mean=0.5, std=0.5)
    return net.eval()


def inputs(batch, size=(8, 8), dtype=torch.float32, channels=6):
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(batch, channels, *size, generator=generator, dtype=dtype)
    return x, torch.rand(batch, generator=generator, dtype=dtype) * 1000


@pytest.mark.parametrize("mults", [(1,), (1, 2), (1, 3, 2)])
@pytest.mark.parametrize("size", [(8, 8), (16, 8)])
@pytest.mark.parametrize("batch", [1, 3])
def test_unet_computes_the_equations(mults, size, batch):
    net = network(torch.float64, mults)
    x, t = inputs(batch, size, torch.float64)
    expected = reference(net.state_dict(), x, t)
    assert expected.abs().max() > 0.1
    assert_close(net(x, t), expected, rtol=0, atol=1e-10)
    with torch.no_grad():
        assert_close(net(x, t), expected, rtol=0, atol=1e-10)


def test_unet_has_the_gradient_of_the_equations():
    net = network(torch.float64)
    x, t = inputs(2, dtype=torch.float64)
    found = torch.autograd.grad(net(x, t).square().sum(), list(net.parameters()))
    weights = {name: value.requires_grad_() for name, value in copy.deepcopy(net.state_dict()).items()}
    expected = torch.autograd.grad(reference(weights, x, t).square().sum(), list(weights.values()))
    for name, one, other in zip(weights, found, expected, strict=True):
        assert_close(one, other, rtol=1e-8, atol=1e-9, msg=name)


def block_shapes(name, narrow, wide):
    shapes = {f"{name}.mlp.1.weight": (2 * wide, 256), f"{name}.mlp.1.bias": (2 * wide,)}
    for part, inner in (("block1", narrow), ("block2", wide)):
        shapes[f"{name}.{part}.proj.weight"] = (wide, inner, 3, 3)
        shapes |= {f"{name}.{part}.{leaf}": (wide,) for leaf in ("proj.bias", "norm.weight", "norm.bias")}
    if narrow != wide:
        shapes |= {f"{name}.res_conv.weight": (wide, narrow, 1, 1), f"{name}.res_conv.bias": (wide,)}
    return shapes


def attention_shapes(name, width, out):
    shapes = {f"{name}.fn.fn.to_qkv.weight": (384, width, 1, 1), f"{name}.fn.norm.g": (1, width, 1, 1)}
    return shapes | {f"{name}.fn.fn.{out}.weight": (width, 128, 1, 1), f"{name}.fn.fn.{out}.bias": (width,)}


def conv_shapes(name, narrow, wide, kernel):
    return {f"{name}.weight": (wide, narrow, kernel, kernel), f"{name}.bias": (wide,)}


def released_shapes():
    shapes = conv_shapes("init_conv", 6, 64, 7) | conv_shapes("final_conv", 64, 3, 1)
    shapes |= {"time_mlp.1.weight": (256, 64), "time_mlp.1.bias": (256,)}
    shapes |= {"time_mlp.3.weight": (256, 256), "time_mlp.3.bias": (256,)}
    stages = [(64, 64), (64, 128), (128, 256), (256, 512)]
    for i, (narrow, wide) in enumerate(stages):
        shapes |= block_shapes(f"downs.{i}.0", narrow, narrow) | block_shapes(f"downs.{i}.1", narrow, narrow)
        shapes |= attention_shapes(f"downs.{i}.2", narrow, "to_out.0")
        shapes[f"downs.{i}.2.fn.fn.to_out.1.g"] = (1, narrow, 1, 1)
        shapes |= conv_shapes(f"downs.{i}.3", narrow, wide, 4 if i < 3 else 3)
        up = 3 - i
        shapes |= block_shapes(f"ups.{up}.0", wide + narrow, wide) | block_shapes(f"ups.{up}.1", wide + narrow, wide)
        shapes |= attention_shapes(f"ups.{up}.2", wide, "to_out.0")
        shapes[f"ups.{up}.2.fn.fn.to_out.1.g"] = (1, wide, 1, 1)
        shapes |= conv_shapes(f"ups.{up}.3" if up == 3 else f"ups.{up}.3.1", wide, narrow, 3)
    shapes |= block_shapes("mid_block1", 512, 512) | block_shapes("mid_block2", 512, 512)
    return shapes | attention_shapes("mid_attn", 512, "to_out") | block_shapes("final_res_block", 128, 64)


def test_unet_has_the_released_checkpoints_names_and_shapes():
    with torch.device("meta"):
        net = Unet(6, 3, dim=64, dim_mults=(1, 2, 4, 8))
    assert {name: tuple(value.shape) for name, value in net.state_dict().items()} == released_shapes()
    assert sum(value.numel() for value in net.parameters()) == 36_261_187


@torch.no_grad()
def test_unet_result_does_not_depend_on_the_batch():
    net = network(mults=(1, 2, 4))
    x, t = inputs(5, (64, 64))  # more pixels than linear attention takes at once
    together = net(x, t)
    alone = torch.cat([net(x[i : i + 1], t[i : i + 1]) for i in range(5)])
    assert_close(together, alone, rtol=0, atol=1e-5)


@torch.no_grad()
def test_linear_attention_in_parts_keeps_the_images_in_order(monkeypatch):
    net = LinearAttention(8).double()
    for parameter in net.parameters():
        parameter.normal_()
    x, _ = inputs(5, (8, 4), torch.float64, channels=8)
    x *= 10
    whole = net(x)
    assert (whole - whole.roll(1, 0)).abs().amax((1, 2, 3)).min() > 1e-2  # else any order would do
    monkeypatch.setattr(attention, "CPU_TOKENS", 64)
    assert_close(net(x), whole, rtol=0, atol=1e-12)
    monkeypatch.setattr(attention, "CPU_TOKENS", 1)
    assert_close(net(x), whole, rtol=0, atol=1e-12)


def folds(net):
    return [module for module in net.modules() if isinstance(module, StandardizedConv2d) and module._folded]


def forget(net):
    for module in net.modules():
        if isinstance(module, StandardizedConv2d):
            module._folded = None


def assert_fresh(net, x, t):
    """The same after the kept kernels are thrown away, whatever had happened before."""
    with torch.no_grad():
        found = net(x, t)
        assert folds(net)
        forget(net)
        assert_close(found, net(x, t), rtol=0, atol=0)


def test_unet_keeps_kernels_only_at_inference():
    net = network()
    x, t = inputs(2)
    net(x, t)
    assert not folds(net)
    with torch.no_grad():
        net.train()(x, t)
        assert not folds(net)
        first = net.eval()(x, t)
        assert folds(net)
        kept = net.final_res_block.block1.proj._folded
        assert_close(net(x, t), first, rtol=0, atol=0)
        assert net.final_res_block.block1.proj._folded is kept
    assert_close(first, net(x, t).detach(), rtol=0, atol=1e-6)
    assert not folds(net)
    assert all("fold" not in name for name in net.state_dict())


def learn(net, x, t, **how):
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.05, **how)
    net(x, t).square().mean().backward()
    optimizer.step()


CHANGES = {
    "step": lambda net, x, t: learn(net, x, t),
    "fused step": lambda net, x, t: learn(net, x, t, fused=True),
    "load": lambda net, x, t: net.load_state_dict(
        {name: value + 0.1 * torch.randn_like(value) for name, value in net.state_dict().items()}
    ),
    "assign": lambda net, x, t: net.load_state_dict(
        {name: value + 0.1 * torch.randn_like(value) for name, value in net.state_dict().items()}, assign=True
    ),
    "lerp": lambda net, x, t: torch._foreach_lerp_(
        [p.detach() for p in net.parameters()], [torch.randn_like(p) for p in net.parameters()], 0.1
    ),
    "hidden, then eval": lambda net, x, t: (
        [p.data.mul_(torch.randn_like(p)) for p in net.eval().parameters()] and net.eval()
    ),
    "swapped data": lambda net, x, t: [setattr(p, "data", torch.randn_like(p)) for p in net.parameters()],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_unet_refreshes_kept_kernels(change):
    net = network()
    x, t = inputs(2)
    with torch.no_grad():
        before = net(x, t)
    change(net, x, t)
    assert_fresh(net, x, t)
    with torch.no_grad():
        assert (net(x, t) - before).abs().max() > 1e-3


@torch.no_grad()
def test_unet_copies_are_independent():
    net = network()
    x, t = inputs(2)
    expected = net(x, t)
    twin = copy.deepcopy(net)
    assert not folds(twin)
    assert_close(twin(x, t), expected, rtol=0, atol=0)
    for parameter in twin.parameters():
        parameter.mul_(2).add_(0.1)
    assert (twin(x, t) - expected).abs().max() > 1e-3
    assert_close(net(x, t), expected, rtol=0, atol=0)


@torch.no_grad()
def test_unet_kept_kernels_follow_the_precision():
    net = network()
    x, t = inputs(2)
    expected = net(x, t)
    forget(net)  # so that autocast fills the cache
    with torch.autocast("cpu", torch.bfloat16):
        low = net(x, t)
    assert all(module._folded[2].dtype == torch.bfloat16 for module in folds(net))
    assert low.dtype == x.dtype and low.isfinite().all()
    assert 0 < (low - expected).abs().max() < 0.1 * expected.abs().max()
    assert_close(net(x, t), expected, rtol=0, atol=0)  # not the kernels in bfloat16
    assert_close(net.double()(x.double(), t.double()).float(), expected, rtol=0, atol=1e-4)


def test_unet_trains_under_autocast():
    net = network().train()
    x, t = inputs(2)
    with torch.autocast("cpu", torch.bfloat16):
        loss = net(x, t).square().mean()
    loss.backward()
    assert all(parameter.grad.isfinite().all() for parameter in net.parameters())


def test_unet_output_is_plain_and_layouts_do_not_matter():
    net = network(torch.float64)
    x, t = inputs(2, dtype=torch.float64)
    out = net(x, t)
    assert out.is_contiguous()
    assert_close(net(x.contiguous(memory_format=torch.channels_last), t), out, rtol=0, atol=1e-12)
    for parameter in net.parameters():
        parameter.data = parameter.data.contiguous()
    assert_close(net(x, t), out, rtol=0, atol=1e-12)


def test_unet_refuses_sizes_that_do_not_halve():
    net = network(mults=(1, 2, 4))
    with pytest.raises(UserError, match="10x8 .* multiples of 4"):
        net(*inputs(1, (10, 8)))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"dim": 12}, "dim=12.*groups=8"),
        ({"dim": 9, "groups": 3}, "dim=9.*even"),
        ({"dim": 4, "groups": 2}, "at least 8"),
        ({"dim_mults": ()}, "dim_mults"),
        ({"dim_mults": (1, 0)}, "dim_mults"),
    ],
)
def test_unet_refuses_bad_sizes_at_construction(options, words):
    with pytest.raises(UserError, match=words):
        Unet(3, 3, **options)
