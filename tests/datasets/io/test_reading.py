from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from datasets.io.reading import read_rgb, upright_size
from errors import UserError

RNG = np.random.default_rng(0)


def picture(height=20, width=30):
    return RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff"])
def test_lossless_formats_come_back_bit_for_bit(tmp_path, suffix):
    array = picture()
    Image.fromarray(array).save(tmp_path / f"a.{suffix}")
    np.testing.assert_array_equal(read_rgb(tmp_path / f"a.{suffix}"), array)
    assert upright_size(tmp_path / f"a.{suffix}") == (20, 30)


def test_webp_lossless(tmp_path):
    array = picture()
    Image.fromarray(array).save(tmp_path / "a.webp", lossless=True)
    np.testing.assert_array_equal(read_rgb(tmp_path / "a.webp"), array)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_applied_to_pixels_and_size(tmp_path, orientation):
    array = picture()
    turn = {
        1: lambda x: x,
        2: np.fliplr,
        3: lambda x: np.rot90(x, 2),
        4: np.flipud,
        5: lambda x: x.swapaxes(0, 1),
        6: lambda x: np.rot90(x, -1),
        7: lambda x: np.rot90(x.swapaxes(0, 1), 2),
        8: np.rot90,
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(array).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read_rgb(tmp_path / "a.png"), turn[orientation](array))
    assert upright_size(tmp_path / "a.png") == turn[orientation](array).shape[:2]


def test_grey_is_copied_to_three_channels(tmp_path):
    grey = picture()[..., 0]
    Image.fromarray(grey).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_rgb(tmp_path / "a.png"), np.repeat(grey[..., None], 3, axis=2))


def test_16_bit_grey_is_scaled_and_not_clipped(tmp_path):
    deep = np.linspace(0, 65535, 600).astype(np.uint16).reshape(20, 30)
    for suffix in ("png", "tiff"):
        Image.fromarray(deep).save(tmp_path / f"a.{suffix}")
        got = read_rgb(tmp_path / f"a.{suffix}")
        np.testing.assert_array_equal(got[..., 1], np.rint(deep / 257.0))
        assert got.dtype == np.uint8 and got.shape == (20, 30, 3)


def test_transparency_is_composited_over_white(tmp_path):
    rgba = np.dstack([picture(), np.zeros((20, 30), np.uint8)])
    rgba[:, :10, 3] = 255
    rgba[:, 10:20, 3] = 128
    Image.fromarray(rgba).save(tmp_path / "a.png")
    alpha = rgba[..., 3:] / 255.0
    expected = alpha * rgba[..., :3] + (1 - alpha) * 255
    got = read_rgb(tmp_path / "a.png")
    np.testing.assert_allclose(got, expected, rtol=0, atol=1.0)
    np.testing.assert_array_equal(got[:, :10], rgba[:, :10, :3])
    assert got[:, 20:].min() == 255


def test_palette_pictures(tmp_path):
    Image.fromarray(picture()).quantize(16).save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "P"
        np.testing.assert_array_equal(read_rgb(tmp_path / "a.png"), np.asarray(image.convert("RGB")))


def one_line(match):
    return pytest.raises(UserError, match=f"^{match}$")


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "tiff"])
def test_truncated_files_are_named(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(picture(64, 64)).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with one_line(rf".*a\.{suffix}: cannot be read \(.*\); mend or remove the file"):
        read_rgb(path)


def test_a_file_that_is_no_picture(tmp_path):
    path = tmp_path / "a.png"
    path.write_text("hello")
    for read in (read_rgb, upright_size):
        with one_line(r".*a\.png: cannot be read \(.*\); mend or remove the file"):
            read(path)


def test_32_bit_pixels_are_refused(tmp_path):
    Image.fromarray(np.zeros((8, 8), np.float32)).save(tmp_path / "a.tiff")
    with one_line(r".*a\.tiff: 32-bit pixels have no agreed range; .*"):
        read_rgb(tmp_path / "a.tiff")
