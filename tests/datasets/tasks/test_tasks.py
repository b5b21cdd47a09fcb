from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.measure import block_reduce

from datasets.base import Item
from datasets.io.pixels import from_uint8, to_uint8
from datasets.tasks.basic import Deblur, Denoise, Lowlight, SuperResolution, linear_to_srgb, shape_of, srgb_to_linear
from errors import UserError

CLEAN = np.random.default_rng(0).random((48, 64, 3)).astype(np.float32)
TASKS = [Denoise(), Lowlight(), Deblur(), SuperResolution(), SuperResolution(kernel="bicubic")]


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("channels", [1, 3])
def test_pairs_are_8_bit_of_the_formula_and_repeat_bit_for_bit(task, channels):
    item = Item("a", to_uint8(CLEAN[..., :channels]))
    before = item.clean.copy()
    first, again = task.pair(item, rng(1)), task.pair(item, rng(1))
    assert first.degraded.dtype == np.uint8 and first.degraded.shape == item.clean.shape and first.id == "a"
    np.testing.assert_array_equal(first.degraded, again.degraded)
    np.testing.assert_array_equal(first.degraded, to_uint8(task.degrade(from_uint8(item.clean), rng(1))))
    np.testing.assert_array_equal(item.clean, before)
    assert task.degrade(from_uint8(item.clean), rng(1)).dtype == np.float32


@pytest.mark.parametrize("task", [Denoise(), Lowlight()])
def test_random_tasks_follow_the_rng(task):
    assert np.abs(task.degrade(CLEAN, rng(0)) - task.degrade(CLEAN, rng(1))).max() > 0.01


@pytest.mark.parametrize("task", TASKS)
def test_points_are_refused_in_one_line(task):
    with pytest.raises(UserError, match=rf"^task={task.name} degrades pictures, .*task=generate$"):
        task.pair(Item("a", np.zeros(2, np.float32)), rng())
    with pytest.raises(UserError):
        task.check((2,))
    task.check(shape_of(CLEAN))


@pytest.mark.parametrize("sigma", [5.0, 50.0])
def test_noise_is_white_gaussian_of_the_stated_strength(sigma):
    clean = np.full((512, 512, 3), 0.5, np.float32)
    n = (Denoise(sigma).degrade(clean, rng()) - clean).astype(np.float64) * 255 / sigma
    count = n.size
    assert abs(n.mean()) < 4 / np.sqrt(count)
    assert abs(n.var() - 1) < 4 * np.sqrt(2 / count)
    assert abs((n**4).mean() - 3) < 4 * np.sqrt(96 / count)
    for a, b in ((n[1:], n[:-1]), (n[:, 1:], n[:, :-1]), (n[..., 1:], n[..., :-1])):
        assert abs((a * b).mean()) < 4 / np.sqrt(a.size)


def test_no_noise_is_the_identity_and_saturation_is_left_to_8_bit():
    np.testing.assert_array_equal(Denoise(0.0).degrade(CLEAN, rng()), CLEAN)
    y = Denoise(50.0).degrade(CLEAN, rng())
    assert y.min() < 0 and y.max() > 1


def test_srgb_curves_are_the_standard_ones_and_inverse():
    x = np.linspace(0, 1, 1001)
    np.testing.assert_allclose(linear_to_srgb(srgb_to_linear(x)), x, rtol=0, atol=1e-7)
    known = {0.0: 0.0, 0.04045: 0.04045 / 12.92, 0.5: 0.21404114, 1.0: 1.0}
    np.testing.assert_allclose(srgb_to_linear(np.array(list(known))), list(known.values()), rtol=0, atol=1e-8)
    assert linear_to_srgb(np.array([-0.5]))[0] == 0.0
    assert np.all(np.diff(srgb_to_linear(x)) > 0)


def test_srgb_to_linear_agrees_with_skimage():
    from skimage.color import rgb2xyz

    grey = np.linspace(0, 1, 50)[:, None, None].repeat(3, axis=2)
    luminance = rgb2xyz(grey)[:, 0, 1]  # Y of a grey is its linear light
    np.testing.assert_allclose(srgb_to_linear(grey[:, 0, 0]), luminance, rtol=0, atol=1e-6)


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_lowlight_has_the_stated_mean_and_variance_in_linear_light(level):
    task = Lowlight(exposure=0.2, full_well=4000.0, read=3.0)
    clean = np.full((200, 200, 3), level, np.float32)
    y = srgb_to_linear(task.degrade(clean, rng()).astype(np.float64))
    light = srgb_to_linear(np.array(level))
    mean, variance = 0.2 * light, 0.2 * light / 4000 + (3 / 4000) ** 2
    assert abs(y.mean() - mean) < 4 * np.sqrt(variance / y.size)
    assert abs(y.var() / variance - 1) < 5 * np.sqrt(2 / y.size) + 1e-3


def test_lowlight_is_darker_recoverable_and_stays_in_range():
    y = Lowlight().degrade(CLEAN, rng())
    assert y.min() >= 0 and y.mean() < 0.5 * CLEAN.mean()
    back = linear_to_srgb(srgb_to_linear(np.minimum(y, 1).astype(np.float64)) / 0.1)
    assert np.corrcoef(back.ravel(), CLEAN.ravel())[0, 1] > 0.95


def test_lowlight_without_loss_tends_to_the_identity():
    y = Lowlight(exposure=1.0, full_well=1e6, read=0.0).degrade(CLEAN, rng())
    assert np.abs(y - CLEAN).max() < 0.02


@pytest.mark.parametrize("sigma", [0.8, 2.0])
def test_blur_is_the_mirrored_convolution(sigma):
    radius = int(4 * sigma + 0.5)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    padded = np.pad(CLEAN.astype(np.float64), ((radius, radius), (radius, radius), (0, 0)), mode="symmetric")
    rows = sum(w * padded[i : i + 48] for i, w in enumerate(kernel))
    expected = sum(w * rows[:, i : i + 64] for i, w in enumerate(kernel))
    np.testing.assert_allclose(Deblur(sigma).degrade(CLEAN, rng()), expected, rtol=0, atol=2e-6)


def test_blur_keeps_constants_and_the_mean_and_does_not_mix_channels():
    flat = np.full((16, 16, 3), 0.3, np.float32)
    np.testing.assert_allclose(Deblur().degrade(flat, rng()), flat, rtol=0, atol=1e-6)
    np.testing.assert_allclose(
        Deblur().degrade(CLEAN, rng()).mean(axis=(0, 1)), CLEAN.mean(axis=(0, 1)), rtol=0, atol=1e-5
    )
    one = np.zeros((16, 16, 3), np.float32)
    one[8, 8, 0] = 1
    assert np.abs(Deblur().degrade(one, rng())[..., 1:]).max() == 0


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_block_mean_is_the_projection_onto_blocks(factor):
    task = SuperResolution(factor)
    y = task.degrade(CLEAN, rng())
    small = block_reduce(CLEAN, (factor, factor, 1), np.mean)
    np.testing.assert_allclose(y[::factor, ::factor], small, rtol=0, atol=1e-6)
    np.testing.assert_allclose(y, np.kron(small, np.ones((factor, factor, 1))), rtol=0, atol=1e-6)
    np.testing.assert_allclose(task.degrade(y, rng()), y, rtol=0, atol=1e-6)
    means = [image.mean(axis=(0, 1), dtype=np.float64) for image in (y, CLEAN)]
    np.testing.assert_allclose(*means, rtol=0, atol=1e-7)
    # An orthogonal projection: what it removes is orthogonal to what it keeps.
    assert abs(((CLEAN - y) * y).sum()) < 1e-2


@pytest.mark.parametrize("factor", [2, 4])
def test_bicubic_agrees_with_torch(factor):
    x = torch.from_numpy(CLEAN).permute(2, 0, 1)[None]
    small = torch.nn.functional.interpolate(
        x, scale_factor=1 / factor, mode="bicubic", antialias=True, align_corners=False
    )
    large = torch.nn.functional.interpolate(small, size=(48, 64), mode="bicubic", antialias=True, align_corners=False)
    got = SuperResolution(factor, "bicubic").degrade(CLEAN, rng())
    np.testing.assert_allclose(got, large[0].permute(1, 2, 0).numpy(), rtol=0, atol=1e-5)


def test_bicubic_stays_in_floating_point_between_the_passes():
    pixels = to_uint8(CLEAN)
    small = Image.fromarray(pixels).resize((16, 12), Image.Resampling.BICUBIC)
    rounded = np.asarray(small.resize((64, 48), Image.Resampling.BICUBIC)).astype(int)
    got = SuperResolution(4, "bicubic").pair(Item("a", pixels), rng()).degraded
    assert 0 < np.abs(got - rounded).max() <= 3


def test_a_factor_that_does_not_divide_is_refused():
    with pytest.raises(UserError, match=r"^task\.factor=5 does not divide 64x48: choose one that does$"):
        SuperResolution(5).pair(Item("a", to_uint8(CLEAN)), rng())
    with pytest.raises(UserError):
        SuperResolution(16).check((3, 40, 32))
    SuperResolution(16).check((3, 48, 32))


def test_a_mask_that_the_data_set_brought_stays_unless_the_task_has_its_own():
    mask = np.full((48, 64), 7, np.uint8)
    item = Item("a", to_uint8(CLEAN), mask=mask)
    assert Denoise().pair(item, rng()).mask is mask
    assert Denoise().pair(Item("a", to_uint8(CLEAN)), rng()).mask is None
