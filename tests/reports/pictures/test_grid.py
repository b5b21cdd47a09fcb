from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reports.pictures.grid import GAP, grid, points_grid, wrap


def pictures(count: int, size: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(size).integers(0, 256, (count, size, size, channels), dtype=np.uint8)


def page(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        assert image.format == "PNG" and image.mode == "RGB"
        return np.asarray(image)


def corner(shown: np.ndarray, tile: np.ndarray) -> tuple[int, int]:
    """Where a tile stands on the page, found by its pixels."""
    windows = np.lib.stride_tricks.sliding_window_view(shown, tile.shape)[:, :, 0]
    fits = (windows[:, :, ::17, ::17] == tile[::17, ::17]).all((2, 3, 4))
    places = [(int(y), int(x)) for y, x in np.argwhere(fits) if (windows[y, x] == tile).all()]
    assert len(places) == 1
    return places[0]


@pytest.mark.parametrize(("size", "times"), [(8, 12), (28, 4), (64, 2), (100, 1)])
def test_tiles_are_the_pictures_enlarged(tmp_path: Path, size: int, times: int) -> None:
    first, second = pictures(3, size), pictures(3, size, 1)
    shown = page(grid({"degraded": first, "clean": second}, tmp_path / "grid.png"))
    side = size * times
    large = first.repeat(times, 1).repeat(times, 2)
    grey = second.repeat(3, 3).repeat(times, 1).repeat(times, 2)
    top, left = corner(shown, large[0])
    assert side >= 96 and corner(shown, large[2]) == (top, left + 2 * (side + GAP))
    assert corner(shown, grey[1]) == (top + side + GAP, left + side + GAP)


def test_scale_is_kept_but_no_tile_is_below_64(tmp_path: Path) -> None:
    images = pictures(2, 32)
    for scale, times in ((1, 2), (5, 5)):
        shown = page(grid({"x": images}, tmp_path / "grid.png", scale=scale))
        corner(shown, images[1].repeat(times, 0).repeat(times, 1))


def test_large_pictures_are_reduced_and_count_is_kept(tmp_path: Path) -> None:
    shown = page(grid({"x": np.full((9, 512, 300, 3), 7, np.uint8)}, tmp_path / "grid.png", count=2))
    assert (shown == 7).all(2).any(1).sum() == 256 and (shown == 7).all(2).any(0).sum() == 2 * 150


def test_every_row_has_its_label(tmp_path: Path) -> None:
    white = np.full((1, 64, 64, 3), 255, np.uint8)
    labels = ["degraded", "rddm sampler.eta=0", "", "日本 [bold]\x1b\n", "a" * 300, "clean"]
    shown = page(grid(dict.fromkeys(labels, white), tmp_path / "grid.png"))
    ink = (shown < 128).all(2).any(1)
    rows = [ink[16 + k * (128 + GAP) : 16 + k * (128 + GAP) + 128].any() for k in range(len(labels))]
    assert rows == [bool(label) for label in labels]
    assert not (shown[:16] < 255).any() and not (shown[:, :14] < 255).any()  # margins


def test_a_label_is_wrapped_at_blanks_and_cut_at_the_last_line() -> None:
    text = "rddm sampler.eta=0 schedule.alpha=increased seed=1"
    assert " ".join(wrap(text, 200, 9)) == text and len(wrap(text, 200, 9)) > 1
    assert "".join(wrap("a" * 60, 150, 9)) == "a" * 60
    short = wrap(text, 150, 2)
    assert len(short) == 2 and short[-1].endswith("...")
    assert wrap("", 150, 2) == []


def test_wrong_pictures_are_refused(tmp_path: Path) -> None:
    for rows in ({}, {"x": pictures(0, 8)}, {"x": pictures(1, 8) / 255}, {"x": pictures(1, 8)[0]}):
        with pytest.raises(ValueError):
            grid(rows, tmp_path / "grid.png")
    with pytest.raises(ValueError):
        points_grid({"x": np.zeros((3, 3))}, tmp_path / "grid.png")
    assert os.listdir(tmp_path) == []


def test_points_are_counted_inside_and_outside(tmp_path: Path) -> None:
    clean = np.array([[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])
    wild = np.array([[9.0, 0.0], [np.nan, 0.0], [0.1, 0.1]], dtype=np.float32)
    path = points_grid({"wild": wild, "clean": clean}, tmp_path / "deep" / "points.png")
    shown = page(path)
    same = page(points_grid({"wild (2 outside)": wild[2:], "clean": clean}, tmp_path / "same.png"))
    assert (shown == same).all()  # what lies outside is told and not drawn
    head = 16 + 2 * 19
    blue = (shown[..., 2].astype(int) - shown[..., 0]) > 100
    panels = blue[head:, 16:236], blue[head:, 252:472]
    assert panels[0].any() and panels[1].any()
    rows, columns = np.nonzero(panels[1])
    assert abs(rows.mean() - 110 - 110 * (1 / 3) / 1.25) < 2 and abs(columns.mean() - 110 - 110 * (1 / 3) / 1.25) < 2


def test_a_note_stands_below_and_moves_nothing(tmp_path: Path) -> None:
    for draw, rows in ((grid, {"x": pictures(2, 64)}), (points_grid, {"x": np.zeros((3, 2))})):
        plain = page(draw(rows, tmp_path / "plain.png"))
        noted = page(draw(rows, tmp_path / "noted.png", note="Not shown: " + "many words " * 20))
        assert (noted[: len(plain)] == plain).all() and (noted[len(plain) :] < 128).any()
        assert (noted[-8:] == 255).all() and (noted[:, -8:] == 255).all(), "it is wrapped inside the page"
