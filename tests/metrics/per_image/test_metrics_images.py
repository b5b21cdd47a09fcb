"""The per-image metrics: closed forms, live peers, invariances, and the traps that they avoid."""

from __future__ import annotations

import math

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from errors import UserError
from metrics.base import Metric
from metrics.per_image.pixel_errors import Mae, Psnr
from metrics.per_image.ssim import Ssim
from registry import create, find

METRICS = [Psnr(), Ssim(), Mae()]
SHAPES = [(5, 32, 40, 3), (4, 11, 11, 1), (2, 12, 11, 3)]


def pictures(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Smooth pictures with some texture, uint8, so that structure is there to compare."""
    rng = np.random.default_rng(seed)
    rows, columns = np.meshgrid(np.linspace(0, 6, shape[1]), np.linspace(0, 5, shape[2]), indexing="ij")
    phases = rng.uniform(0, 6, (shape[0], 1, 1, shape[3]))
    waves = 110 + 80 * np.sin(rows[None, :, :, None] + phases) * np.cos(columns[None, :, :, None] - phases)
    return np.clip(waves + rng.normal(0, 8, shape), 0, 255).astype(np.uint8)


def noisy(clean: np.ndarray, level: float, seed: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 1, clean.shape)
    return np.rint(np.clip(clean + level * noise, 0, 255)).astype(np.uint8)


@pytest.mark.parametrize("shape", SHAPES)
def test_ssim_is_skimages(shape: tuple[int, ...]) -> None:
    clean = pictures(shape)
    images = noisy(clean, 25)
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    peer = [structural_similarity(x, y, channel_axis=-1, **options) for x, y in zip(images, clean, strict=True)]
    np.testing.assert_allclose(Ssim()(images, clean), peer, rtol=0, atol=1e-13)


@pytest.mark.parametrize("shape", SHAPES)
def test_ssim_is_the_inside_of_skimages_map(shape: tuple[int, ...]) -> None:
    clean = pictures(shape)
    images = noisy(clean, 25)
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    for x, y, ours in zip(images, clean, Ssim()(images, clean), strict=True):
        channels = [
            structural_similarity(x[..., c], y[..., c], full=True, **options)[1][5:-5, 5:-5].mean()
            for c in range(shape[-1])
        ]
        assert abs(ours - np.mean(channels)) < 1e-13


def test_psnr_is_skimages_and_torchmetrics() -> None:
    import torch
    from torchmetrics.functional.image import peak_signal_noise_ratio as torch_psnr

    clean = pictures((5, 32, 40, 3))
    images = noisy(clean, 25)
    ours = Psnr()(images, clean)
    skimages = [peak_signal_noise_ratio(y, x, data_range=255) for x, y in zip(images, clean, strict=True)]
    np.testing.assert_allclose(ours, skimages, rtol=0, atol=1e-12)
    x, y = (torch.from_numpy(array).double() for array in (images, clean))
    theirs = torch_psnr(x, y, data_range=255.0, dim=(1, 2, 3), reduction="none").numpy()
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)  # it takes the range's logarithm in float32


def test_mae_is_torchmetrics() -> None:
    import torch
    from torchmetrics.functional import mean_absolute_error

    clean = pictures((5, 32, 40, 3))
    images = noisy(clean, 25)
    x, y = (torch.from_numpy(array).double() for array in (images, clean))
    theirs = [float(mean_absolute_error(a, b)) for a, b in zip(x, y, strict=True)]
    np.testing.assert_allclose(Mae()(images, clean), theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("error", [1, 7, 100, 255])
def test_a_uniform_error_has_its_closed_form(error: int) -> None:
    clean = np.zeros((2, 11, 13, 3), np.uint8)
    images = clean + np.uint8(error)
    np.testing.assert_allclose(Psnr()(images, clean), 20 * math.log10(255 / error), rtol=0, atol=1e-12)
    assert (Mae()(images, clean) == error).all()
    c1 = (0.01 * 255) ** 2  # of two flat pictures only the luminance term is left
    np.testing.assert_allclose(Ssim()(images, clean), c1 / (error**2 + c1), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("metric", "perfect"), list(zip(METRICS, [100.0, 1.0, 0.0], strict=True)))
def test_the_clean_picture_scores_exactly_the_best(metric: Metric, perfect: float) -> None:
    clean = pictures((3, 16, 16, 3))
    assert (metric(clean, clean) == perfect).all()


@pytest.mark.parametrize("metric", METRICS)
def test_more_noise_is_worse(metric: Metric) -> None:
    clean = pictures((3, 32, 32, 3))
    figures = np.stack([metric(noisy(clean, level), clean) for level in (0, 2, 5, 10, 20, 40)])
    steps = np.diff(figures, axis=0)
    assert (steps < 0).all() if metric.higher_is_better else (steps > 0).all()


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("channels", [1, 3])
def test_batch_and_order_change_no_bit(metric: Metric, channels: int) -> None:
    clean = pictures((7, 35, 24, channels))
    images = noisy(clean, 20)
    whole = metric(images, clean)
    alone = np.concatenate([metric(images[k : k + 1], clean[k : k + 1]) for k in range(7)])
    order = np.random.default_rng(0).permutation(7)
    strided = metric(images[::-1], clean[::-1])[::-1]
    assert whole.dtype == np.float64 and whole.shape == (7,)
    assert (whole == alone).all() and (whole[order] == metric(images[order], clean[order])).all()
    assert (whole == strided).all()


@pytest.mark.parametrize("metric", METRICS)
def test_a_grey_picture_scores_as_three_equal_channels(metric: Metric) -> None:
    clean = pictures((3, 20, 20, 1))
    images = noisy(clean, 20)
    three = metric(images.repeat(3, -1), clean.repeat(3, -1))
    np.testing.assert_allclose(metric(images, clean), three, rtol=0, atol=1e-12)


def test_the_mean_per_image_is_not_the_pooled_psnr() -> None:
    clean = np.full((2, 16, 16, 1), 100, np.uint8)
    images = clean + np.array([1, 100], np.uint8).reshape(2, 1, 1, 1)
    pooled = Psnr()(images.reshape(1, 32, 16, 1), clean.reshape(1, 32, 16, 1))[0]
    assert Psnr()(images, clean).mean() > pooled + 10


def test_padded_borders_give_another_ssim() -> None:
    import torch
    from torchmetrics.functional.image import structural_similarity_index_measure as padded

    clean = pictures((4, 32, 32, 3))
    images = noisy(clean, 40)
    images[:, 11:21, 11:21] = clean[:, 11:21, 11:21]  # the middle is right, the borders are not
    x, y = (torch.from_numpy(array.transpose(0, 3, 1, 2).copy()).double() for array in (images, clean))
    theirs = padded(x, y, data_range=255.0, reduction="none").numpy()
    assert np.abs(Ssim()(images, clean) - theirs).min() > 0.01


def test_the_cap_is_declared_and_holds() -> None:
    clean = pictures((1, 64, 64, 3))
    near = clean.copy()
    near[0, 0, 0, 0] ^= 1
    assert Psnr()(near, clean)[0] == pytest.approx(10 * math.log10(255**2 * near.size), abs=1e-12)
    assert Psnr(cap=60)(near, clean)[0] == 60.0 == Psnr(cap=60)(clean, clean)[0]
    assert "cap=60" in Psnr(cap=60).protocol and Psnr(cap=60).protocol != Psnr().protocol


@pytest.mark.parametrize("metric", METRICS)
def test_wrong_input_is_refused_in_one_line(metric: Metric) -> None:
    clean = pictures((2, 16, 16, 3))
    bad = [(clean / 255, clean), (clean, clean.astype(np.int64)), (clean[:1], clean), (clean[0], clean[0])]
    bad += [(clean[..., :2], clean[..., :2]), (clean[:, :0], clean[:, :0])]
    for images, other in bad:
        with pytest.raises(ValueError) as caught:
            metric(images, other)
        assert "\n" not in str(caught.value)
    assert metric(clean[:0], clean[:0]).shape == (0,)


def test_ssim_refuses_pictures_below_its_window() -> None:
    small = np.zeros((1, 10, 40, 1), np.uint8)
    with pytest.raises(UserError, match="11x11"):
        Ssim()(small, small)


@pytest.mark.parametrize("name", ["psnr", "ssim", "mae"])
def test_the_catalogue_knows_each_metric(name: str) -> None:
    component = find("metrics", name)
    made = create("metrics", name, {key: option.default for key, option in component.options.items()})
    assert made.protocol.startswith(f"{name};8bit;range=255;") and made.protocol.endswith(
        f";v{component.facts.version}"
    )
    assert component.facts.higher_is_better is made.higher_is_better and component.facts.unit == made.unit


def test_metrics_and_reports_do_not_import_torch() -> None:
    import subprocess
    import sys

    measures = "pixel_errors ssim lab lpips dists niqe brisque iqa identity_distance"
    modules = (
        ", ".join(f"metrics.per_image.{name}" for name in measures.split())
        + ", metrics.networks.weights, metrics.networks.timm_models"
        + ", reports.tables.runs, reports.writers.terminal, reports.pictures.grid, reports.pictures.plane"
    )
    heavy = "{'torch', 'pandas', 'matplotlib', 'rich', 'scipy', 'skimage', 'timm', 'pyiqa'} & set(sys.modules)"
    subprocess.run(
        [sys.executable, "-c", f"import sys, {modules}; sys.exit(str({heavy}) if {heavy} else 0)"], check=True
    )


@pytest.mark.parametrize("name", ["lpips", "lpips_vgg", "dists", "niqe", "brisque", "psnr_shadow_istd", "lab_mae"])
def test_a_stamp_needs_no_torch(name: str) -> None:
    """The planner keys every score by its stamp, and must not wait seconds for torch."""
    import subprocess
    import sys

    code = (
        "import sys; from errors import UserError; from registry import create\n"
        f"made = create('metrics', '{name}', {{}})\n"
        "try: made.protocol\n"
        "except UserError: sys.exit(3)\n"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False).returncode
    if done == 3:
        pytest.skip(f"the weights of {name} are not installed")
    assert done == 0
