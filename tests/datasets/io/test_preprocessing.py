from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from datasets.io.crops import Preprocessing, resized
from errors import UserError

RNG = np.random.default_rng(0)


def picture(height, width):
    return RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", ["bicubic", "bilinear", "lanczos", "box"])
def test_the_whole_picture_is_stretched_as_pillow_does_it(name):
    image = picture(40, 60)
    expected = Image.fromarray(image).resize((16, 16), Image.Resampling[name.upper()])
    np.testing.assert_array_equal(Preprocessing(16, "none", name).fit(image, "x"), np.asarray(expected))


def test_box_is_the_area_mean():
    image = picture(32, 32)
    mean = image.reshape(16, 2, 16, 2, 3).mean(axis=(1, 3))
    assert np.abs(Preprocessing(16, "none", "box").fit(image, "x") - mean).max() <= 1.0  # Pillow rounds after each axis


def torchvision_rule(height, width, size):
    """Resize(size) and CenterCrop(size), from their documentation: (resized shape, corner)."""
    short, long = sorted((height, width))
    shape = (size, int(size * long / short)) if height <= width else (int(size * long / short), size)
    return shape, tuple(int(round((side - size) / 2.0)) for side in shape)


@pytest.mark.parametrize("height,width", [(40, 61), (61, 40), (33, 33), (17, 90), (9, 12)])
def test_center_is_a_short_side_resize_and_a_central_square(height, width):
    image = picture(height, width)
    (tall, wide), (top, left) = torchvision_rule(height, width, 16)
    whole = np.asarray(Image.fromarray(image).resize((wide, tall), Image.Resampling.BILINEAR))
    got = Preprocessing(16, "center", "bilinear").fit(image, "x")
    np.testing.assert_array_equal(got, whole[top : top + 16, left : left + 16])


def test_halving_takes_means_of_two_by_two_and_then_bicubic():
    image = picture(80, 100)
    small = Image.fromarray(image)
    for _ in range(2):
        small = small.resize((small.width // 2, small.height // 2), Image.Resampling.BOX)
    assert small.size == (25, 20)
    expected = small.resize((20, 16), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(resized(image, 16, 20, "halving"), np.asarray(expected))
    np.testing.assert_array_equal(resized(image, 80, 100, "halving"), image)


def test_the_face_of_celeba_is_where_ddim_cuts_it():
    image = picture(218, 178)
    got = Preprocessing(128, "face", "bilinear").fit(image, "x")
    np.testing.assert_array_equal(got, image[57:185, 25:153])
    small = np.asarray(Image.fromarray(image[57:185, 25:153]).resize((64, 64), Image.Resampling.BILINEAR))
    np.testing.assert_array_equal(Preprocessing(64, "face", "bilinear").fit(image, "x"), small)
    with pytest.raises(UserError, match=r"^x\.jpg: 178x217, but CelebA's aligned pictures are 178x218; .*"):
        Preprocessing(64, "face", "bilinear").fit(picture(217, 178), "x.jpg")


def test_windows_are_random_in_training_and_central_in_a_test():
    frame, image = Preprocessing(16, "window", "bicubic"), picture(20, 31)
    assert frame.fit(image, "x") is image
    assert frame.corner(image, None) == (2, 7)
    corners = {frame.corner(image, np.random.default_rng(seed)) for seed in range(200)}
    assert {top for top, _ in corners} == set(range(5)) and {left for _, left in corners} == set(range(16))
    with pytest.raises(UserError, match=r"^x\.png: 31x15 has no window of dataset\.size=16; .*dataset\.crop=center$"):
        frame.fit(picture(15, 31), "x.png")


@pytest.mark.parametrize("crop", ["none", "center"])
def test_where_there_is_no_choice_no_random_number_is_taken(crop):
    frame, rng = Preprocessing(16, crop, "bicubic"), np.random.default_rng(3)
    assert frame.corner(frame.fit(picture(40, 50), "x"), rng) == (0, 0)
    assert rng.random() == np.random.default_rng(3).random()


@pytest.mark.parametrize("crop", ["none", "center"])
def test_masks_take_the_same_frame_as_their_pictures(crop):
    mask = RNG.integers(0, 256, (40, 61), dtype=np.uint8)
    frame = Preprocessing(16, crop, "bicubic")
    colour = frame.fit(np.repeat(mask[:, :, None], 3, axis=2), "x")
    np.testing.assert_array_equal(frame.fit(mask, "x"), colour[:, :, 0])


def test_upscaling_comes_first():
    image = picture(9, 11)
    large = np.asarray(Image.fromarray(image).resize((44, 36), Image.Resampling.BICUBIC))
    frame = Preprocessing(16, "window", "bicubic", 4)
    np.testing.assert_array_equal(frame.fit(image, "x"), large)
    assert len({Preprocessing(16, "window", "bicubic", scale).protocol for scale in (1, 2, 4)}) == 3
