"""Luma, borders and regions of pictures, and the traps of peers that they avoid."""

from __future__ import annotations

import math

import numpy as np
import pytest

from errors import UserError
from metrics.per_image.channels import exact_luma, grey, luma, planes
from metrics.per_image.pixel_errors import Mae, Psnr, RegionPsnr, Rmse
from metrics.per_image.ssim import RegionSsim, Ssim


def photo(size: int = 64) -> np.ndarray:
    from skimage.data import astronaut

    return np.ascontiguousarray(astronaut()[40 : 40 + size, 180 : 180 + size])


def noisy(clean: np.ndarray, level: float, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, level, clean.shape)
    return np.rint(np.clip(clean + noise, 0, 255)).astype(np.uint8)


def disc(size: int = 64) -> np.ndarray:
    rows, columns = np.ogrid[:size, :size]
    return (255 * ((rows - size / 2) ** 2 + (columns - size / 3) ** 2 < (size / 4) ** 2)).astype(np.uint8)


def test_luma_is_skimages_ycbcr():
    from skimage.color import rgb2ycbcr

    image = np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    theirs = rgb2ycbcr(image)[..., :1]
    np.testing.assert_allclose(exact_luma(image), theirs, rtol=0, atol=1e-10)
    np.testing.assert_array_equal(luma(image), np.floor(theirs + 0.5))


@pytest.mark.parametrize(
    ("colour", "level"),
    [((0, 0, 0), 16), ((255, 255, 255), 235), ((255, 0, 0), 81), ((0, 255, 0), 145), ((0, 0, 255), 41)],
)
def test_luma_of_the_corners_is_matlabs(colour, level):
    """The well-known studio-range values of black, white and the primaries."""
    assert luma(np.array([[colour]], np.uint8)).item() == level


def test_grey_is_pillows_up_to_its_rounding():
    from PIL import Image

    image = np.random.default_rng(1).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    theirs = np.asarray(Image.fromarray(image).convert("L")).astype(int)
    assert np.abs(grey(image)[..., 0] - theirs).max() <= 1
    assert (grey(np.full((2, 2, 3), 77, np.uint8)) == 77).all()
    primaries = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    assert grey(primaries).ravel().tolist() == [76, 150, 29]


def test_one_channel_counts_as_three_equal_ones():
    image = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    for function in (luma, exact_luma, grey):
        np.testing.assert_array_equal(function(image), function(image.repeat(3, -1)))


def test_trap_y_channel_full_range_and_rgb_are_other_figures():
    """Trap "Y channel": one picture scores differently on RGB, full-range and limited-range luma; ours is limited."""
    clean = photo()
    image = noisy(clean, 20)
    rgb, limited = (Psnr(channel=channel)(image[None], clean[None])[0] for channel in ("rgb", "y_float"))
    x, y = (picture @ np.array([0.299, 0.587, 0.114]) for picture in (image, clean))
    full = 10 * math.log10(255**2 / np.square(x - y).mean())
    assert limited > full + 1 > rgb + 2
    assert limited - full == pytest.approx(20 * math.log10(255 / 219), abs=0.01)


def test_trap_y_channel_the_name_says_it():
    for metric in (Psnr, Ssim, Mae, Rmse):
        stamps = {channel: metric(channel=channel).protocol for channel in ("rgb", "y", "y_float")}
        assert len(set(stamps.values())) == 3
        assert "channels=y,bt601,16-235,8bit" in stamps["y"] and "channels=all" in stamps["rgb"]


def test_trap_8bit_rounding_the_luma_is_a_figure_of_its_own():
    """MATLAB rounds luma to 8 bit, BasicSR does not: small errors differ by decibels."""
    clean = photo()
    image = clean.copy()
    image[::2, ::2, 2] ^= 1  # blue alone, one level: the rounded luma hardly moves
    rounded, exact = (Psnr(channel=channel)(image[None], clean[None])[0] for channel in ("y", "y_float"))
    assert abs(rounded - exact) > 0.5


@pytest.mark.parametrize("metric", [Psnr, Ssim, Mae, Rmse])
def test_the_crop_leaves_out_exactly_the_border(metric):
    clean = photo()
    image = noisy(clean, 20)
    damaged = image.copy()
    damaged[:4], damaged[-4:], damaged[:, :4], damaged[:, -4:] = 0, 255, 9, 77
    whole = metric(crop=4)(image[None], clean[None])[0]
    assert metric(crop=4)(damaged[None], clean[None])[0] == whole
    assert metric()(image[None, 4:-4, 4:-4], clean[None, 4:-4, 4:-4])[0] == whole
    assert metric(crop=3)(damaged[None], clean[None])[0] != metric(crop=3)(image[None], clean[None])[0]
    assert metric(crop=4).protocol != metric().protocol


def test_a_crop_of_everything_is_refused():
    with pytest.raises(UserError, match="crop=4 leaves nothing"):
        planes(np.zeros((8, 20, 3), np.uint8), "rgb", 4)


def test_rmse_is_the_root_and_bounds_the_mean():
    clean = photo()
    image = noisy(clean, 20)
    x = image.astype(float) - clean
    assert Rmse()(image[None], clean[None])[0] == pytest.approx(math.sqrt((x**2).mean()), abs=1e-12)
    assert Psnr()(image[None], clean[None])[0] == pytest.approx(
        20 * math.log10(255 / Rmse()(image[None], clean[None])[0]), abs=1e-10
    )
    assert Mae()(image[None], clean[None])[0] < Rmse()(image[None], clean[None])[0]


def test_a_region_counts_its_own_pixels_alone():
    clean, mask = photo(), disc()
    image = noisy(clean, 20)
    elsewhere = image.copy()
    elsewhere[mask == 0] = 0
    shadow = RegionPsnr(region="shadow")
    whole = shadow(image[None], clean[None], mask[None])[0]
    assert shadow(elsewhere[None], clean[None], mask[None])[0] == whole
    errors = (image.astype(float) - clean)[mask > 0]
    assert whole == pytest.approx(10 * math.log10(255**2 / (errors**2).mean()), abs=1e-10)


def test_shadow_and_lit_make_up_the_picture():
    clean, mask = photo(), disc()
    image = noisy(clean, 20)
    share = (mask > 0).mean()
    shadow, lit = (RegionPsnr(region=region)(image[None], clean[None], mask[None])[0] for region in ("shadow", "lit"))
    pooled = share * 10 ** (-shadow / 10) + (1 - share) * 10 ** (-lit / 10)
    assert -10 * math.log10(pooled) == pytest.approx(Psnr()(image[None], clean[None])[0], abs=1e-10)


@pytest.mark.parametrize("region", ["shadow", "lit"])
def test_trap_istd_zeros_outside_raise_psnr_by_the_regions_share(region):
    """The ISTD code multiplies by the mask and divides by all pixels: a bonus of 10 log10(1 / share)."""
    clean, mask = photo(), disc()
    image = noisy(clean, 20)
    inner, zeroed = (
        RegionPsnr(region=region, outside=outside)(image[None], clean[None], mask[None])[0]
        for outside in ("excluded", "zeroed")
    )
    share = RegionPsnr(region=region, least=128).inside(mask).mean()
    assert zeroed - inner == pytest.approx(-10 * math.log10(share), abs=1e-10)
    kept = RegionPsnr(region=region, least=128).inside(mask)[..., None]
    assert zeroed == pytest.approx(Psnr()((image * kept)[None], (clean * kept)[None])[0], abs=1e-12)


def test_trap_istd_zeros_outside_raise_ssim():
    clean, mask = photo(), disc()
    image = noisy(clean, 40)
    inner, zeroed = (
        RegionSsim(region="shadow", outside=outside)(image[None], clean[None], mask[None])[0]
        for outside in ("excluded", "zeroed")
    )
    kept = (mask > 0)[..., None]
    assert zeroed == pytest.approx(Ssim()((image * kept)[None], (clean * kept)[None])[0], abs=1e-12)
    assert zeroed > inner + 0.1


def test_ssim_of_a_region_takes_the_windows_centred_in_it():
    clean, mask = photo(), disc()
    image = noisy(clean, 20)
    from skimage.metrics import structural_similarity

    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    full = structural_similarity(image, clean, channel_axis=-1, full=True, **options)[1]
    within = np.zeros(mask.shape, bool)
    within[5:-5, 5:-5] = True
    for region, chosen in (("shadow", mask > 0), ("lit", mask == 0)):
        ours = RegionSsim(region=region)(image[None], clean[None], mask[None])[0]
        assert ours == pytest.approx(full[chosen & within].mean(), abs=1e-12)
    whole = RegionSsim(region="shadow")(image[None], clean[None], np.full_like(mask, 255)[None])[0]
    assert whole == pytest.approx(Ssim()(image[None], clean[None])[0], abs=1e-14)


def test_the_volume_is_a_gaussian_filter_in_three_dimensions():
    from scipy.ndimage import gaussian_filter

    clean = photo(32)
    image = noisy(clean, 20)
    x, y = image.astype(float), clean.astype(float)

    def mean(values: np.ndarray) -> np.ndarray:
        return gaussian_filter(values, 1.5, mode="nearest", truncate=5 / 1.5)

    mx, my = mean(x), mean(y)
    vx, vy, both = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    theirs = (2 * mx * my + c1) * (2 * both + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    assert Ssim(window="volume")(image[None], clean[None])[0] == pytest.approx(theirs.mean(), abs=1e-12)
    assert Ssim()(image[None], clean[None])[0] != pytest.approx(theirs.mean(), abs=1e-2)


@pytest.mark.parametrize("metric", [RegionPsnr, RegionSsim])
def test_an_empty_region_has_no_figure(metric):
    clean, mask = photo(), np.zeros((64, 64), np.uint8)
    assert np.isnan(metric(region="shadow")(clean[None], clean[None], mask[None])[0])
    assert np.isnan(metric(region="shadow", outside="zeroed")(clean[None], clean[None], mask[None])[0])
    assert np.isfinite(metric(region="lit")(clean[None], clean[None], mask[None])[0])


@pytest.mark.parametrize("metric", [RegionPsnr, RegionSsim])
def test_a_region_without_masks_is_refused(metric):
    with pytest.raises(UserError, match="needs masks"):
        metric()(photo()[None], photo()[None])


def test_soft_masks_are_cut_where_the_stamp_says():
    mask = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert (
        RegionPsnr(region="shadow", least=128).inside(mask).sum() == 128
        and RegionPsnr(region="lit", least=128).inside(mask).sum() == 128
    )
    assert RegionPsnr(region="shadow", least=1).inside(mask).sum() == 255
    assert "mask>=1;" in RegionPsnr(least=1).protocol and RegionPsnr(least=1).protocol != RegionPsnr().protocol
