"""What a picture costs: network calls, seconds, floating-point operations, memory, parameters."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


@dataclass
class Cost:
    """Sums over a sampling; `per_image` divides them."""

    images: int = 0
    seconds: float = 0.0
    calls: int = 0  # backbone calls times pictures in the call
    flops: int = 0
    memory_mb: float = 0.0
    parameters: int = 0

    def per_image(self) -> dict[str, float]:
        """The cost columns of a record: NFE, seconds, GFLOP (2 per multiply-add) per picture; peak MiB; parameters."""
        n = max(self.images, 1)
        return {
            "nfe": self.calls / n,
            "seconds_per_image": self.seconds / n,
            "gflops_per_image": self.flops / n / 1e9,
            "peak_memory_mb": self.memory_mb,
            "parameters": self.parameters,
        }


class Meter:
    """Measures samplings of some backbones. NFE counts calls of backbones: RDDM with two networks makes 2 a step.

    FLOPs are those of one call of each backbone, counted where they are dispatched, times its calls: the counter
    sees weight-standardised convolutions, which counters by module type miss.
    """

    def __init__(self, backbones: list[nn.Module], device: torch.device) -> None:
        self.backbones, self.device = backbones, device
        self.cost = Cost(parameters=sum(weight.numel() for net in backbones for weight in net.parameters()))
        self.flops = dict.fromkeys(range(len(backbones)), 0.0)

    @contextmanager
    def measure(self, images: int) -> Iterator[None]:
        """Measure one sampling of some pictures: synchronised seconds, calls, memory."""
        with ExitStack() as hooks:
            for number, net in enumerate(self.backbones):
                hooks.callback(net.register_forward_pre_hook(self._counter(number)).remove)
            _reset_peak(self.device)
            self._wait()
            began = time.perf_counter()
            yield
            self._wait()
            self.cost.seconds += time.perf_counter() - began
        self.cost.images += images
        self.cost.memory_mb = max(self.cost.memory_mb, _peak_mb(self.device))

    def _counter(self, number: int) -> Any:
        def count(net: nn.Module, arguments: tuple[torch.Tensor, ...]) -> None:
            size = len(arguments[0])
            if not self.flops[number]:
                began = time.perf_counter()
                self.flops[number] = _flops(net, arguments)
                self.cost.seconds -= time.perf_counter() - began  # counting is no part of sampling
            self.cost.calls += size
            self.cost.flops += int(self.flops[number] * size)

        return count

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def _flops(net: nn.Module, arguments: tuple[torch.Tensor, ...]) -> float:
    """FLOPs of one call for one picture."""
    with FlopCounterMode(display=False) as counter:
        type(net).forward(net, *(argument[:1] for argument in arguments))
    return float(counter.get_total_flops())


def _reset_peak(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    else:
        with suppress(OSError):  # Linux only: elsewhere the peak is that of the whole process
            Path("/proc/self/clear_refs").write_text("5")


def _peak_mb(device: torch.device) -> float:
    """Peak memory in MiB: what the device allocated, or the process' resident set."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
