"""CIE Lab against skimage (D65) and LittleCMS (D50), and the ISTD papers' sums over it."""

from __future__ import annotations

import numpy as np
import pytest

from errors import UserError
from metrics.per_image.lab import LabMae, PooledLabMae, RegionLabMae, errors, to_lab


def pictures(count: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    clean = rng.integers(0, 256, (count, 20, 24, 3), dtype=np.uint8)
    images = np.clip(clean + rng.normal(0, 20, clean.shape), 0, 255).astype(np.uint8)
    masks = np.zeros((count, 20, 24), np.uint8)
    for k in range(count):
        masks[k, : 2 + 4 * k, :10] = 255
    return images, clean, masks


def test_d65_is_skimages():
    from skimage.color import rgb2lab

    colours = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    colours[0, :, :] = np.arange(64, dtype=np.uint8)[:, None]  # the straight part of both curves
    # skimage rounds CIE's constants to 0.008856 and 7.787.
    np.testing.assert_allclose(to_lab(colours, "d65"), rgb2lab(colours), rtol=0, atol=2e-4)


def test_d50_is_littlecms():
    """Pillow's colour management gives Lab under the profile connection space's D50, in 8 bit."""
    from PIL import Image, ImageCms

    colours = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    transform = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB", 5000), "RGB", "LAB", flags=0
    )
    found = ImageCms.applyTransform(Image.fromarray(colours), transform)
    lightness, a, b = (np.asarray(band) for band in found.split())
    ours = to_lab(colours, "d50")
    assert np.abs(ours[..., 0] - lightness / 255 * 100).max() < 0.5
    for k, band in ((1, a), (2, b)):
        assert np.abs(ours[..., k] - (band.astype(int) - 128)).max() < 1.5


@pytest.mark.parametrize("white", ["d50", "d65"])
def test_greys_have_no_colour_and_white_is_100(white):
    greys = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    found = to_lab(greys, white)
    np.testing.assert_array_equal(found, to_lab(greys.repeat(3, -1), white))
    assert np.abs(found[..., 1:]).max() < 0.02 and found[0, 0, 0] == pytest.approx(0, abs=1e-12)
    assert found[-1, -1, 0] == pytest.approx(100, abs=1e-3)
    assert (np.diff(found[..., 0].ravel()) > 0).all()


def test_the_white_point_changes_the_figure():
    images, clean, _ = pictures()
    d50, d65 = (LabMae(white=white)(images, clean) for white in ("d50", "d65"))
    assert np.abs(d50 - d65).min() > 0.05 and LabMae(white="d50").protocol != LabMae(white="d65").protocol


def test_the_error_is_a_sum_over_channels_not_a_mean():
    images, clean, _ = pictures()
    from skimage.color import rgb2lab

    by_hand = [np.abs(rgb2lab(x) - rgb2lab(y)).mean() * 3 for x, y in zip(images, clean, strict=True)]
    np.testing.assert_allclose(LabMae(white="d65")(images, clean), by_hand, rtol=0, atol=1e-5)


def test_istd_per_image_and_pooled_are_the_scripts():
    """PI-Lab: the sum of errors in the region over its pixels, averaged; PP-Lab: both sums over the set first."""
    images, clean, masks = pictures()
    for region, chosen in (("shadow", masks > 0), ("lit", masks == 0)):
        sums, counts = [], []
        for x, y, within in zip(images, clean, chosen, strict=True):
            sums.append((errors(x, y, "d50") * within).sum())
            counts.append(within.sum())
        per_image = RegionLabMae(region=region)(images, clean, masks)
        pooled = PooledLabMae(region=region)(images, clean, masks)
        np.testing.assert_allclose(per_image, np.array(sums) / counts, rtol=0, atol=1e-10)
        assert pooled.mean() == pytest.approx(sum(sums) / sum(counts), abs=1e-10)
        assert abs(pooled.mean() - per_image.mean()) > 1e-3


def test_pooled_and_per_image_agree_on_regions_of_one_size():
    images, clean, _ = pictures()
    masks = np.full((4, 20, 24), 255, np.uint8)
    for metric in (RegionLabMae(region="shadow"), PooledLabMae(region="shadow")):
        np.testing.assert_allclose(metric(images, clean, masks), LabMae()(images, clean), rtol=0, atol=1e-10)


def test_an_absent_region_is_nan_per_image_and_nothing_when_pooled():
    images, clean, masks = pictures()
    masks[2] = 0
    per_image, pooled = (
        m(images, clean, masks) for m in (RegionLabMae(region="shadow"), PooledLabMae(region="shadow"))
    )
    assert np.isnan(per_image[2]) and np.isfinite(per_image[[0, 1, 3]]).all() and pooled[2] == 0
    assert np.isnan(PooledLabMae(region="shadow")(images, clean, np.zeros_like(masks))).all()


def test_the_istd_scripts_threshold_is_any_value_above_0():
    images, clean, masks = pictures()
    soft = (masks // 255 * 3).astype(np.uint8)
    np.testing.assert_array_equal(RegionLabMae()(images, clean, soft), RegionLabMae()(images, clean, masks))
    assert np.isnan(RegionLabMae(least=128)(images, clean, soft)).all()


@pytest.mark.parametrize("metric", [RegionLabMae(), PooledLabMae()])
def test_without_masks_it_is_refused(metric):
    images, clean, _ = pictures()
    with pytest.raises(UserError, match="needs masks"):
        metric(images, clean)
