"""Files that are odd are read as documented; files that are bad are named in one line; nothing in between."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from datasets.io.reading import read_mask, read_rgb, upright_size
from errors import UserError

RNG = np.random.default_rng(0)
FORMATS = {
    "a.png": {},
    "a.jpg": {},
    "progressive.jpg": {"progressive": True},
    "a.webp": {},
    "a.bmp": {},
    "a.tiff": {},
}


def picture(height=12, width=14):
    return RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)


def refused(path, read=read_rgb, reason=r"cannot be read \(.*\); mend or remove the file"):
    with pytest.raises(UserError, match=rf"\A\S*{path.name}: {reason}\Z"):
        read(path)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("name", FORMATS)
def test_a_file_cut_anywhere_is_refused_or_whole(tmp_path, name):
    path = tmp_path / name
    Image.fromarray(picture()).save(path, **FORMATS[name])
    data, whole = path.read_bytes(), read_rgb(path)
    kept = 0
    for length in range(0, len(data), max(1, len(data) // 60)):
        path.write_bytes(data[:length])
        try:
            image = read_rgb(path)
        except UserError as error:
            assert "\n" not in str(error) and path.name in str(error)
        else:
            kept += 1
            np.testing.assert_array_equal(image, whole)
    assert kept <= 3  # only what follows the pixels was lost


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("name", [name for name in FORMATS if name != "a.tiff"])  # libtiff talks on stderr by itself
def test_flipped_bytes_never_raise_anything_but_one_line(tmp_path, name):
    path = tmp_path / name
    Image.fromarray(picture()).save(path, **FORMATS[name])
    data, rng, bad = path.read_bytes(), np.random.default_rng(1), 0
    for _ in range(100):
        damaged = bytearray(data)
        for place in rng.integers(0, len(data), 3):
            damaged[place] = rng.integers(256)
        path.write_bytes(bytes(damaged))
        for read in (read_rgb, upright_size):
            try:
                read(path)
            except UserError as error:
                bad += 1
                assert "\n" not in str(error) and path.name in str(error)
    assert bad > 0 or name == "a.bmp"


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "tiff"])
def test_an_empty_file(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    path.touch()
    refused(path)
    refused(path, upright_size)


def test_a_folder_and_a_missing_file(tmp_path):
    (tmp_path / "folder.png").mkdir()
    refused(tmp_path / "folder.png")
    refused(tmp_path / "none.png")


def png16(array):
    """A 16-bit RGB PNG, which Pillow does not write: each row unfiltered, big endian."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", array.shape[1], array.shape[0], 16, 2, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_16_bit_colour_png_is_cut_to_the_high_byte_which_costs_at_most_one_level(tmp_path):
    deep = RNG.integers(0, 65536, (50, 60, 3)).astype(np.uint16)
    (tmp_path / "a.png").write_bytes(png16(deep))
    got = read_rgb(tmp_path / "a.png")
    np.testing.assert_array_equal(got, deep >> 8)
    error = got - deep / 257.0
    assert np.abs(error).max() < 1.0 and abs(error.mean()) < 0.05


def test_16_bit_colour_tiff_is_cut_alike(tmp_path):
    tifffile = pytest.importorskip("tifffile", reason="writes the 16-bit TIFF")
    deep = RNG.integers(0, 65536, (12, 14, 3)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tiff", deep, photometric="rgb")
    np.testing.assert_array_equal(read_rgb(tmp_path / "a.tiff"), deep >> 8)


def inks(height=12, width=14):
    """Random CMYK pixels and their colours (255 - ink)(255 - black) / 255."""
    cmyk = RNG.integers(0, 256, (height, width, 4)).astype(np.uint8)
    paper = 255.0 - cmyk
    return cmyk, paper[..., :3] * paper[..., 3:] / 255.0


def test_cmyk_tiff(tmp_path):
    cmyk, expected = inks()
    Image.fromarray(cmyk, mode="CMYK").save(tmp_path / "a.tiff")
    assert np.abs(read_rgb(tmp_path / "a.tiff") - expected).max() <= 1.0


def test_cmyk_jpeg_is_taken_as_inverted_with_and_without_adobes_marker(tmp_path):
    """Photoshop stores 255 - ink and every common decoder expects that, with the marker or without."""
    path = tmp_path / "a.jpg"
    cmyk = np.broadcast_to(np.uint8([10, 200, 60, 30]), (16, 16, 4))
    Image.fromarray(np.ascontiguousarray(cmyk), mode="CMYK").save(path, quality=100)
    expected = (255.0 - np.array([10, 200, 60])) * (255 - 30) / 255
    assert np.abs(read_rgb(path) - expected).max() <= 3.0
    data = path.read_bytes()
    marker = data.index(b"\xff\xee")
    length = struct.unpack(">H", data[marker + 2 : marker + 4])[0]
    assert data[marker + 4 : marker + 9] == b"Adobe"
    path.write_bytes(data[:marker] + data[marker + 2 + length :])
    assert np.abs(read_rgb(path) - expected).max() <= 3.0


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_mode_of_png_becomes_three_channels_of_8_bit(tmp_path, mode):
    grey = np.linspace(0, 255, 12 * 14).astype(np.uint8).reshape(12, 14)
    image = Image.fromarray(grey.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(grey).convert(mode)
    image.save(tmp_path / "a.png")
    got = read_rgb(tmp_path / "a.png")
    assert got.shape == (12, 14, 3) and got.dtype == np.uint8
    if mode != "1":
        np.testing.assert_array_equal(got, np.repeat(grey[..., None], 3, axis=2))


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (13, 1), (3, 5)])
def test_odd_sizes(tmp_path, size):
    array = picture(*size)
    Image.fromarray(array).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_rgb(tmp_path / "a.png"), array)
    assert upright_size(tmp_path / "a.png") == size


def test_a_mask_is_grey_and_keeps_its_soft_values(tmp_path):
    grey = RNG.integers(0, 256, (12, 14)).astype(np.uint8)
    Image.fromarray(grey).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "a.png"), grey)
    Image.fromarray(np.repeat(grey[..., None], 3, axis=2)).save(tmp_path / "b.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "b.png"), grey)
    Image.fromarray(picture()).save(tmp_path / "c.png")
    refused(tmp_path / "c.png", read_mask, "a mask is grey, this picture is in colour; put the mask there")
