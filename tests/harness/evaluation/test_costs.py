"""What sampling costs: NFE of the declared networks, parameters and FLOPs of all that runs; and its gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from harness.evaluation.cost import Meter
from harness.evaluation.sample import sample
from harness.planning.plan import plan
from harness.progress import progress
from harness.store.entries import Store, read_npz
from harness.store.keys import key
from harness.training.batches import Data
from harness.training.build import built
from tests.catalog_for_tests import extend, point_of

CPU = torch.device("cpu")


class Network(nn.Module):
    """One linear layer behind a call with keywords and lists: 2 n m FLOPs a row."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(5, 7, bias=False)

    def forward(self, *, parts: list[torch.Tensor], extra: dict[str, torch.Tensor]) -> torch.Tensor:
        return self.inner(torch.cat([*parts, extra["t"]], dim=1))


class Codec(nn.Module):
    """Decodes by a method of another name than forward."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(7, 11), nn.ReLU(), nn.Linear(11, 13))
        self.encoder = nn.Linear(100, 100)  # never runs

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return self.layers(z)


class Latent(nn.Module):
    """Four steps of a network, and a decoder at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.network, self.codec, self.critic = Network(), Codec(), nn.Linear(3, 3)

    def run(self, rows: int) -> torch.Tensor:
        for _ in range(4):
            z = self.network(parts=[torch.ones(rows, 2), torch.ones(rows, 2)], extra={"t": torch.ones(rows, 1)})
        return self.codec.decode(z)


@pytest.mark.parametrize("batches", [(3,), (3, 3, 2)])
def test_a_decoder_is_no_network_call_but_has_weights_and_operations(batches):
    method = Latent()
    meter = Meter(method, [method.network], CPU)
    for rows in batches:
        with meter.measure(rows), torch.inference_mode():
            method.run(rows)
    cost = meter.per_image()
    assert cost["nfe"] == 4
    assert cost["parameters"] == 5 * 7 + (7 * 11 + 11) + (11 * 13 + 13)
    assert cost["gflops_per_image"] * 1e9 == pytest.approx(4 * 2 * 5 * 7 + 2 * 7 * 11 + 2 * 11 * 13)
    assert cost["seconds_per_image"] > 0
    assert not any(module._forward_pre_hooks or module._forward_hooks for module in method.modules())


def test_networks_within_networks_and_shared_weights_count_once():
    method = nn.Module()
    method.first, method.second = nn.Linear(4, 4), nn.Linear(4, 4)
    method.second.weight = method.first.weight
    method.both = nn.Sequential(method.first, method.second)
    meter = Meter(method, [method.first, method.second], CPU)
    with meter.measure(2), torch.inference_mode():
        method.both(torch.ones(2, 4))
        method.first(torch.ones(2, 4))
    cost = meter.per_image()
    assert cost["nfe"] == 3 and cost["parameters"] == 16 + 4 + 4
    assert cost["gflops_per_image"] * 1e9 == pytest.approx(3 * 2 * 16)


def test_a_call_that_fails_leaves_nothing_behind():
    method = nn.Module()
    method.net = nn.Linear(4, 4)
    meter = Meter(method, [method.net], CPU)
    with pytest.raises(RuntimeError), meter.measure(1):
        method.net(torch.ones(1, 5))
    assert not method.net._forward_pre_hooks


GUIDED = '''
import torch

from methods.base import Method
from methods.parts import Parts
from registry import register


@register("method", "guided")
class Guided(Method):
    """Walks down the gradient of a loss through a network, in pixels."""

    version = 1
    needs_gradients = {needs}
    stages = {{"model": {{"reads": ["network", "dataset"]}}}}

    def __init__(self, context):
        super().__init__()
        self.context, self.net = context, context.network(3, 3)

    def parts(self, stage):
        return Parts({{"net": self.net}})

    def backbones(self):
        return [self.net]

    def sample(self, observation, sampler, noise):
        x = noise.normal("z", 0, self.context.shape)
        for _ in range(2):
            with torch.enable_grad():
                x = x.requires_grad_()
                loss = self.net(x, torch.ones(len(x))).square().sum() / 2
                x = (x - torch.autograd.grad(loss, x)[0]).detach()
        return x
'''


@pytest.mark.parametrize("needs", [True, False])
def test_a_method_that_says_so_differentiates_while_it_samples(needs, monkeypatch, tmp_path):
    extend(monkeypatch, GUIDED.format(needs=needs))
    made = plan(point_of("guided", "task=generate"))
    data = Data(made)
    method, facts = built(made.config, "guided", {}, data.source.shape, CPU), {"of": "test"}
    entry = Store(tmp_path).entry("samples", key("samples", facts))
    entry.begin(facts)

    def run() -> None:
        with progress("sampling", 2) as bar:
            sample(method, made.config, data.tests(), entry, bar)

    if not needs:
        with pytest.raises(RuntimeError, match="does not require grad|[Ii]nference"):
            run()
        return
    run()
    assert len(np.unique(read_npz(entry, "samples.npz")["images"])) > 10
