"""What a picture costs: network calls, seconds, floating-point operations, memory, parameters."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


class Meter:
    """Measures the samplings of a method.

    NFE counts the calls of its ``backbones``, by pictures: RDDM with two networks makes 2 a step. Parameters and FLOPs
    are of every module of the method that runs, decoders and codecs too. The FLOPs of a call, those of the modules in
    it included, are counted where they are dispatched, in a forward pass of its own for each shape of its arguments:
    the counter sees weight-standardised convolutions, which counters by module type miss, but no backward pass.
    """

    def __init__(self, method: nn.Module, backbones: Iterable[nn.Module], device: torch.device) -> None:
        self.backbones, self.device = set(backbones), device
        self.modules = set(method.modules()).union(*(net.modules() for net in self.backbones)) - {method}
        self.images = self.calls = self.flops = 0  # calls of backbones, times pictures in the call
        self.seconds = self.memory_mb = 0.0
        self._flops: dict[tuple[Any, ...], int] = {}  # of a call from outside, by its module and shapes
        self._weights: dict[int, int] = {}  # of what has run, each weight once
        self._depth = 0  # of the calls that are under way

    def per_image(self) -> dict[str, float]:
        """The cost columns of a record: NFE, seconds, GFLOP (2 per multiply-add) per picture; peak MiB; parameters."""
        n = max(self.images, 1)
        return {
            "nfe": self.calls / n,
            "seconds_per_image": self.seconds / n,
            "gflops_per_image": self.flops / n / 1e9,
            "peak_memory_mb": self.memory_mb,
            "parameters": sum(self._weights.values()),
        }

    @contextmanager
    def measure(self, images: int) -> Iterator[None]:
        """Measure one sampling of some pictures: synchronised seconds, calls, memory."""
        with ExitStack() as hooks:
            for module in self.modules:
                hooks.callback(module.register_forward_pre_hook(self._enter, with_kwargs=True).remove)
                hooks.callback(module.register_forward_hook(self._leave, always_call=True).remove)
            _reset_peak(self.device)
            self._wait()
            began = time.perf_counter()
            yield
            self._wait()
            self.seconds += time.perf_counter() - began
        # All batches call the same; hooks on every layer of it would take a tenth of a small network's time.
        self.modules = self.backbones.union(called[0] for called in self._flops)
        self.images += images
        self.memory_mb = max(self.memory_mb, _peak_mb(self.device))

    def _enter(self, module: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        if module in self.backbones:
            self.calls += len(next(_tensors((arguments, named))))
        if self._depth == 0:
            shapes = (module, *(tensor.shape for tensor in _tensors((arguments, named))))
            if shapes not in self._flops:
                self._flops[shapes] = self._count(module, arguments, named)
            self.flops += self._flops[shapes]
        self._depth += 1

    def _leave(self, module: nn.Module, arguments: tuple[Any, ...], result: object) -> None:
        self._depth -= 1

    def _count(self, module: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> int:
        """The FLOPs of a call, which is made once more for it; its time and its calls are no part of sampling."""
        self._wait()
        began, calls = time.perf_counter(), self.calls
        self._depth += 1
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            type(module).forward(module, *arguments, **named)
        self._depth -= 1
        self._weights |= {id(weight): weight.numel() for weight in module.parameters()}
        self._wait()
        self.calls = calls
        self.seconds -= time.perf_counter() - began
        return int(counter.get_total_flops())

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def _tensors(value: object) -> Iterator[torch.Tensor]:
    """The tensors of batches in a call's arguments, in their order, also in lists and dictionaries."""
    if isinstance(value, torch.Tensor) and value.ndim:
        yield value
    elif isinstance(value, Mapping | Sequence) and not isinstance(value, str):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _tensors(part)


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
