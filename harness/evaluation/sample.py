"""Sampling a trained method on the stored inputs, batch by batch, with its costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

import numpy as np
import torch
from torch import Tensor

from datasets.io.pixels import to_uint8
from harness.config.run_config import RunConfig
from harness.evaluation.cost import Meter
from harness.seeding import SeededNoise
from harness.store.entries import Entry, write_npz
from harness.training.batches import measurement_of, observation
from harness.training.build import component, device_of
from harness.training.fit import Progress
from harness.training.unnamed import unnamed
from methods.base import Method
from methods.samplers import NoiseSource, Sampler
from registry import find

_Part = TypeVar("_Part")


def to_pictures(x: Tensor) -> np.ndarray:
    """Samples (N, C, H, W) in [-1, 1] as uint8 (N, H, W, C), the one conversion to 8 bit; points (N, D) as they are."""
    x = x.detach().float().cpu()
    return to_uint8((x.permute(0, 2, 3, 1).numpy() + 1) / 2) if x.ndim == 4 else x.numpy()


def sample(
    method: Method, config: RunConfig, inputs: Mapping[str, np.ndarray], entry: Entry, progress: Progress
) -> None:
    """Draw one picture for each input and publish them, 8 bit, with the cost per picture.

    Noise belongs to the picture's id, so batch size and order change nothing beyond the networks' own rounding. A
    method whose fact ``needs_gradients`` says so may enable gradients, any other is sampled in inference mode.
    """
    device = device_of(config)
    sampler, measurement = sampler_of(config), measurement_of(config)
    meter = Meter(method, method.backbones(), device)
    no_graph = torch.no_grad if find("method", config.name("method")).facts.needs_gradients else torch.inference_mode
    method.eval()
    ids, size, pictures = [str(name) for name in inputs["ids"]], config.values["batch_size"], []
    for first in range(0, len(ids), size):
        chunk = slice(first, first + size)
        visible = observation(inputs, chunk, device, measurement)
        noise = noise_of(config, ids[chunk])
        with meter.measure(len(ids[chunk])), no_graph():
            images = method.sample(visible, sampler, noise)
        pictures.append(to_pictures(images))
        progress.update(min(first + size, len(ids)), f"{meter.seconds:.1f} s")
    write_npz(entry, "samples.npz", images=np.concatenate(pictures), ids=inputs["ids"])
    entry.finish({"cost": meter.per_image(), "hardware": hardware(device)})


def sampler_of(config: RunConfig) -> Sampler:
    """The sampler that a point chose; where its method's samples do not depend on it, one that refuses to be used."""
    return cast(Sampler, _read(config, "sampler", lambda: component(config, "sampler")))


def noise_of(config: RunConfig, ids: Sequence[str]) -> NoiseSource:
    """The noise of some pictures; where the method's samples do not depend on the sampling seed, there is none."""
    seed, dataset = config.values["sampling_seed"], config.name("dataset")
    return _read(config, "sampling_seed", lambda: SeededNoise(seed, dataset, ids))


def _read(config: RunConfig, word: str, make: Callable[[], _Part]) -> _Part:
    method = config.name("method")
    return make() if word in find("method", method).facts.samples_read else unnamed(method, word)


def hardware(device: torch.device) -> dict[str, Any]:
    """What the figures were measured on."""
    import platform

    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or platform.machine()
    return {"device": device.type, "name": name, "threads": torch.get_num_threads()}
