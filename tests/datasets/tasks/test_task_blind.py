from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from datasets.base import Item, stream
from datasets.tasks.blind import FACES, GENERAL, PIPELINES, Blind
from datasets.tasks.filters import Bell, Sinc, convolve, resize, sharpen
from datasets.tasks.jpeg import compress
from datasets.tasks.realesrgan import FIRST, SECOND, NoiseSettings, Round, TwoRounds, realesrgan
from errors import UserError

N = 1500
CLEAN = np.random.default_rng(0).random((48, 61, 3)).astype(np.float32)
SMOOTH = resize(CLEAN[:6, :6], 48, 64, "bilinear")
NEEDLE = Bell("gaussian", 7, (0.01, 0.01))  # filters nothing


def draws(pipeline, count=N, seed=0):
    source = np.random.default_rng(seed)
    return [pipeline(source) for _ in range(count)]


def check_uniform(values, low, high):
    """Range, mean and variance of a uniform distribution, within 4 standard errors."""
    values, n = np.array(values), len(values)
    assert low <= values.min() and values.max() <= high
    assert abs(values.mean() - (low + high) / 2) < 4 * (high - low) / np.sqrt(12 * n)
    assert abs(values.var() - (high - low) ** 2 / 12) < 4 * (high - low) ** 2 / np.sqrt(180 * n)


def near(share, p, n=N):
    return abs(share - p) < 4 * np.sqrt(p * (1 - p) / n)


def test_the_ranges_are_diffbirs():
    assert (GENERAL.sigma, GENERAL.down, GENERAL.noise, GENERAL.quality) == ((0.1, 12), (1, 12), (0, 15), (30, 100))
    assert (FACES.sigma, FACES.down, FACES.noise, FACES.quality) == ((0.1, 10), (0.8, 8), (0, 20), (60, 100))


@pytest.mark.parametrize(
    ("pipeline", "ranges"), [(PIPELINES["codeformer"], GENERAL), (PIPELINES["codeformer_faces"], FACES)]
)
def test_codeformer_draws_uniformly_in_its_ranges(pipeline, ranges):
    drawn = draws(pipeline)
    check_uniform([d.blur.sigma[0] for d in drawn], *ranges.sigma)
    check_uniform([d.down for d in drawn], *ranges.down)
    check_uniform([d.noise for d in drawn], *ranges.noise)
    check_uniform([d.quality + 0.5 for d in drawn], *ranges.quality)
    assert {d.blur.size for d in drawn} == {41}
    assert near(np.mean([d.blur.sigma[0] == d.blur.sigma[1] for d in drawn]), 0.5)


def check_round(rounds, blurred, ways, scale, gaussian, poisson):
    up, down, keep = (
        [r.scale for r in rounds if test(r.scale)] for test in (lambda s: s > 1, lambda s: s < 1, lambda s: s == 1)
    )
    assert all(near(len(part) / N, p) for part, p in zip((up, down, keep), ways, strict=True))
    check_uniform(up, 1.0, scale[1])
    check_uniform(down, scale[0], 1.0)
    assert all(near(np.mean([r.mode == mode for r in rounds]), 1 / 3) for mode in ("area", "bilinear", "bicubic"))
    kinds = {kind: [r.noise.strength for r in rounds if r.noise.kind == kind] for kind in ("gaussian", "poisson")}
    assert near(len(kinds["gaussian"]) / N, 0.5) and len(kinds["gaussian"]) + len(kinds["poisson"]) == N
    check_uniform(kinds["gaussian"], *gaussian)
    check_uniform(kinds["poisson"], *poisson)
    assert near(np.mean([r.noise.grey for r in rounds]), 0.4)
    assert {30, 95} <= {r.quality for r in rounds} <= set(range(30, 96))
    share = np.mean([r.blur is not None for r in rounds])
    assert share == 1 if blurred == 1 else near(share, blurred)


def test_realesrgan_draws_as_diffbir_sets_it():
    drawn = draws(realesrgan)
    check_round([d.first for d in drawn], 1.0, (0.2, 0.7, 0.1), (0.15, 1.5), (1, 30), (0.05, 3))
    check_round([d.second for d in drawn], 0.8, (0.3, 0.4, 0.3), (0.3, 1.2), (1, 25), (0.05, 2.5))
    assert near(np.mean([d.sinc is not None for d in drawn]), 0.8)
    assert near(np.mean([d.jpeg_last for d in drawn]), 0.5)
    sigmas = [
        [s for r in rounds if isinstance(r.blur, Bell) for s in r.blur.sigma]
        for rounds in ([d.first for d in drawn], [d.second for d in drawn])
    ]
    for values, high in zip(sigmas, (3.0, 1.5), strict=True):
        assert 0.2 <= min(values) < 0.22 and high - 0.05 < max(values) <= high
    assert (FIRST.sigma, SECOND.sigma) == ((0.2, 3.0), (0.2, 1.5))


def test_codeformer_is_its_steps():
    drawn = replace(PIPELINES["codeformer"](np.random.default_rng(0)), blur=NEEDLE, down=1.0, noise=0.0, quality=80)
    np.testing.assert_allclose(drawn.apply(SMOOTH, np.random.default_rng(0)), compress(SMOOTH, 80), rtol=0, atol=1e-6)
    luma = SMOOTH.mean(axis=2, keepdims=True)  # without chroma a JPEG of quality 100 is nearly lossless
    halved = replace(drawn, down=2.0, quality=100).apply(luma, np.random.default_rng(0))
    down_up = resize(resize(luma, 24, 32, "bilinear"), 48, 64, "bilinear")
    assert np.abs(halved - down_up).max() < 0.02


@pytest.mark.parametrize("jpeg_last", [False, True])
def test_realesrgan_is_its_steps(jpeg_last):
    first = Round(NEEDLE, 0.5, "area", NoiseSettings("gaussian", 0.0, False), 90)
    second = Round(Bell("gaussian", 9, (1.0, 1.0)), 1.5, "bicubic", NoiseSettings("gaussian", 0.0, True), 50)
    sinc = Sinc(7, 2.0)
    got = TwoRounds(first, second, sinc, "bilinear", jpeg_last).apply(SMOOTH, np.random.default_rng(0))
    image = compress(np.clip(resize(SMOOTH, 24, 32, "area"), 0, 1), 90)
    image = np.clip(resize(convolve(image, second.blur.kernel()), 18, 24, "bicubic"), 0, 1)
    image = image if jpeg_last else compress(image, 50)
    image = convolve(resize(image, 12, 16, "bilinear"), sinc.kernel())
    image = compress(image, 50) if jpeg_last else image
    np.testing.assert_allclose(got, np.clip(resize(image, 48, 64, "bicubic"), 0, 1), rtol=0, atol=1 / 255)
    assert np.abs(got - np.clip(resize(image, 48, 64, "bicubic"), 0, 1)).mean() < 1e-4


def test_more_noise_blur_downsampling_or_compression_is_worse():
    texture = np.clip(SMOOTH + 0.1 * (CLEAN[:, :48].repeat(2, 1)[:, :64] - 0.5), 0, 1)
    base = replace(PIPELINES["codeformer"](np.random.default_rng(0)), blur=NEEDLE, down=1.0, noise=0.0, quality=95)

    def error(**changes):
        return np.abs(replace(base, **changes).apply(texture, np.random.default_rng(1)) - texture).mean()

    for name, steps in {"noise": (0, 5, 15), "down": (1, 3, 10), "quality": (95, 60, 30)}.items():
        errors = [error(**{name: step}) for step in steps]
        assert errors == sorted(errors) and errors[0] < errors[-1], name
    blurs = [error(blur=Bell("gaussian", 41, (sigma, sigma))) for sigma in (0.1, 1.0, 4.0, 12.0)]
    assert blurs == sorted(blurs)


@pytest.mark.parametrize("grey", [False, True])
def test_gaussian_noise_has_its_strength_and_is_grey_where_it_says(grey):
    flat = np.full((200, 200, 3), 0.5, np.float32)
    noise = NoiseSettings("gaussian", 20.0, grey).apply(flat, np.random.default_rng(0)) - flat
    assert abs(noise.std() * 255 / 20 - 1) < 4 / np.sqrt(2 * 200 * 200)
    assert bool(np.ptp(noise, axis=2).max() == 0) is grey


def test_poisson_noise_has_the_variance_of_its_formula():
    levels = np.linspace(0.2, 0.8, 64)  # 64 distinct values: v = 64
    image = np.repeat(levels, 600).reshape(64, 600, 1).astype(np.float32)
    for scale in (0.5, 1.0):
        noise = NoiseSettings("poisson", scale, False).apply(image, np.random.default_rng(0)) - image
        expected = scale**2 * np.rint(levels * 255) / 255 / 64
        ratio = noise[:, :, 0].astype(np.float64).var(axis=1) / expected
        assert abs(ratio[:30].mean() - 1) < 0.03  # above, clipping at 1 begins to show
    colour = np.repeat(image, 3, axis=2)
    grey = NoiseSettings("poisson", 1.0, True).apply(colour, np.random.default_rng(0)) - colour
    assert np.ptp(grey, axis=2).max() < 1e-6


@pytest.mark.parametrize("pipeline", PIPELINES)
@pytest.mark.parametrize("shape", [(48, 61, 3), (17, 33, 1), (8, 8, 1), (64, 64, 3)])
def test_any_shape_in_the_same_shape_out_within_the_range(pipeline, shape):
    clean = np.random.default_rng(1).random(shape).astype(np.float32)
    for seed in range(12):
        y = Blind(pipeline).degrade(clean, np.random.default_rng(seed))
        assert y.shape == shape and y.dtype == np.float32 and np.isfinite(y).all()
        assert y.min() >= 0 and y.max() <= 1


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_every_choice_comes_from_the_rng(pipeline):
    task, item = Blind(pipeline), Item("a", (CLEAN * 255).astype(np.uint8))
    one, again, other = (task.pair(item, stream(0, name, "degrade")) for name in ("cat", "cat", "dog"))
    np.testing.assert_array_equal(one.degraded, again.degraded)
    assert (one.degraded != other.degraded).mean() > 0.5
    np.random.seed(1)
    np.testing.assert_array_equal(task.pair(item, stream(0, "cat", "degrade")).degraded, one.degraded)


def test_usm_degrades_the_sharpened_picture_with_the_same_draw():
    usm = Blind("codeformer", "usm").degrade(CLEAN, np.random.default_rng(3))
    np.testing.assert_array_equal(usm, Blind("codeformer").degrade(sharpen(CLEAN), np.random.default_rng(3)))


def test_points_are_refused():
    with pytest.raises(UserError, match="^task=blind degrades pictures"):
        Blind().pair(Item("a", np.zeros(2, np.float32)), np.random.default_rng(0))
