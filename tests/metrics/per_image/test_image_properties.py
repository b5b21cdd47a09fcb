"""What every registered metric of pictures keeps, by virtue of being registered; and traps that concern them all."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pytest

from errors import UserError
from metrics.base import Metric
from registry import Option, catalog, create

COMPONENTS = {name: component for name, component in catalog()["metrics"].items() if component.facts.kind == "image"}
SIDES = {"ms_ssim": 176, "ms_ssim_y": 176, "niqe": 192}  # what needs more than 64 pixels
BEST = {"psnr": 100.0, "ssim": 1.0, "ms_ssim": 1.0}  # at identity; distances and errors are 0 there
SUMS_TO_A_WHOLE = ("lab_mae_shadow_pooled", "lab_mae_lit_pooled")  # shares of a set: see metrics/per_image/lab.py


def plain(name: str, **options: object) -> Metric:
    """The metric with its name's own defaults, some replaced."""
    defaults = {option.name: option.default for option in COMPONENTS[name].options.values()}
    return create("metrics", name, defaults | options)


def metric_of(name: str, **options: object) -> Metric:
    """The metric, or a skip that says which weights are missing."""
    made = plain(name, **options)
    try:
        assert made.protocol
    except UserError as missing:
        pytest.skip(str(missing))
    return made


def photo(name: str) -> np.ndarray:
    from skimage.data import astronaut

    side = SIDES.get(name, 64)
    return np.ascontiguousarray(astronaut()[:side, 120 : 120 + side] if side > 64 else astronaut()[80:144, 180:244])


def noisy(clean: np.ndarray, level: float, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, level, clean.shape)
    return np.rint(np.clip(clean + noise, 0, 255)).astype(np.uint8)


def mask_of(clean: np.ndarray) -> np.ndarray:
    mask = np.zeros(clean.shape[:2], np.uint8)
    mask[10:40, 5:50] = 255
    return mask


def scored(metric: Metric, images: list[np.ndarray], clean: np.ndarray) -> np.ndarray:
    count = len(images)
    return metric(np.stack(images), np.stack([clean] * count), np.stack([mask_of(clean)] * count))


@pytest.mark.parametrize("name", COMPONENTS)
def test_the_facts_are_the_objects(name: str) -> None:
    component, made = COMPONENTS[name], plain(name)
    for fact in ("version", "higher_is_better", "unit"):
        assert getattr(component.facts, fact) == getattr(made, fact)
    assert component.facts.needs == made.needs
    assert set(made.needs) <= {"pair", "mask"} and component.doc


@pytest.mark.parametrize("name", COMPONENTS)
def test_the_stamp_begins_with_the_measure_and_ends_with_its_version(name: str) -> None:
    stamp = metric_of(name).protocol
    assert name.startswith(stamp.partition(";")[0].split("-")[0].rstrip("+"))
    assert stamp.endswith(f";v{COMPONENTS[name].facts.version}") and ";8bit;" in stamp and "\n" not in stamp


@pytest.mark.parametrize("name", COMPONENTS)
def test_noise_makes_it_worse_step_by_step(name: str) -> None:
    metric, clean = metric_of(name), photo(name)
    figures = scored(metric, [noisy(clean, level) for level in (5, 15, 40)], clean)
    steps = np.diff(figures)
    assert (steps < 0).all() if metric.higher_is_better else (steps > 0).all()


@pytest.mark.parametrize("name", [name for name in COMPONENTS if "pair" in plain(name).needs])
def test_the_clean_picture_itself_is_best(name: str) -> None:
    metric, clean = metric_of(name), photo(name)
    best = scored(metric, [clean], clean)[0]
    assert best == pytest.approx(BEST.get(metric.protocol.partition(";")[0], 0.0), abs=1e-9)
    nearly = clean.copy()
    nearly[12, 7] ^= 4
    nearly[1, 1] ^= 4  # one pixel inside the mask, one outside
    worse = scored(metric, [nearly], clean)[0]
    assert worse < best if metric.higher_is_better else worse > best


@pytest.mark.parametrize("name", [name for name in COMPONENTS if "pair" in plain(name).needs])
def test_it_is_symmetric(name: str) -> None:
    """True of every full-reference metric here: neither argument is told apart by its equation."""
    metric, clean = metric_of(name), photo(name)
    image = noisy(clean, 15)
    masks = mask_of(clean)[None]
    there, back = metric(image[None], clean[None], masks)[0], metric(clean[None], image[None], masks)[0]
    assert there == pytest.approx(back, rel=1e-6)


@pytest.mark.parametrize("name", COMPONENTS)
def test_order_and_batch_change_no_bit(name: str) -> None:
    metric, clean = metric_of(name), photo(name)
    images = [noisy(clean, level) for level in (5, 15, 40)]
    whole = scored(metric, images, clean)
    assert whole.dtype == np.float64 and whole.shape == (3,)
    assert (scored(metric, images[::-1], clean)[::-1] == whole).all()
    alone = np.concatenate([scored(metric, [image], clean) for image in images])
    assert (alone == whole).all()


@pytest.mark.parametrize("name", SUMS_TO_A_WHOLE)
def test_a_pooled_figure_depends_on_the_sets_masks_alone(name: str) -> None:
    """Shares of unequal regions: other pictures of the set don't enter, the number of their marked pixels does."""
    metric, clean = metric_of(name), photo(name)
    images, masks = np.stack([noisy(clean, level) for level in (5, 15)]), np.stack([mask_of(clean)] * 2)
    masks[1] = 255 * (np.arange(64) < 32)[None]
    whole = metric(images, np.stack([clean] * 2), masks)
    other = metric(np.stack([images[0], clean]), np.stack([clean] * 2), masks)
    assert other[0] == whole[0] and other[1] == 0
    assert metric(images[:1], clean[None], masks[:1])[0] != whole[0]


def values_of(option: Option) -> list[object]:
    """Another value for an option, of its own type."""
    if option.choices:
        return [choice for choice in option.choices if choice != option.default]
    return {"int": [option.default + 1], "float": [option.default / 2], "str": []}[option.type]


OPTIONS = [
    (name, option.name, value)
    for name, component in COMPONENTS.items()
    for option in component.options.values()
    for value in (values_of(option) if name != "identity_distance" else [])
]


@pytest.mark.parametrize(("name", "option", "value"), OPTIONS)
def test_every_option_is_in_the_stamp(name: str, option: str, value: object) -> None:
    assert metric_of(name, **{option: value}).protocol != metric_of(name).protocol


def test_two_metrics_never_share_a_stamp() -> None:
    stamps: dict[str, str] = {}
    for name in COMPONENTS:
        try:
            stamps[name] = plain(name).protocol
        except UserError:
            continue
    for one, other in itertools.combinations(stamps, 2):
        assert stamps[one] != stamps[other], (one, other)


@pytest.mark.parametrize("name", [name for name in COMPONENTS if not plain(name).needs])
def test_a_metric_without_reference_never_looks_at_the_clean_picture(name: str) -> None:
    metric, clean = metric_of(name), photo(name)
    image = noisy(clean, 5)
    assert metric(image[None], clean[None])[0] == metric(image[None], (255 - clean)[None])[0]


@pytest.mark.parametrize("name", [n for n in COMPONENTS if "mask" in plain(n).needs])
def test_a_region_metric_is_blind_elsewhere(name: str) -> None:
    metric, clean = metric_of(name), photo(name)
    region = metric.region  # type: ignore[attr-defined]
    elsewhere = (mask_of(clean) == 0) if region == "shadow" else (mask_of(clean) > 0)
    image = noisy(clean, 15)
    damaged = image.copy()
    far = np.zeros_like(elsewhere)
    far[15:35, 15:40] = far[52:, 52:] = True  # more than a window away from the mask's edge
    damaged[elsewhere & far] = 0
    assert (damaged != image).any()
    assert scored(metric, [damaged], clean)[0] == scored(metric, [image], clean)[0]


def test_trap_min_max_a_dim_picture_is_not_stretched() -> None:
    """Trap "min-max saved images": a picture at half contrast is an error, whatever its own extremes are."""
    for name in ("psnr", "ssim", "mae", "rmse", "lab_mae", "lpips", "dists"):
        metric, clean = metric_of(name), photo(name)
        best, dim = scored(metric, [clean, clean // 2 + 64], clean)
        assert dim < best if metric.higher_is_better else dim > best


def test_trap_8_bit_only_what_was_saved_is_scored() -> None:
    """Traps "float to 8 bit" and "8 bit and PSNR": reals are refused, and the one conversion clamps and rounds."""
    from datasets.io.pixels import to_uint8

    clean = photo("psnr")
    for name in ("psnr", "ssim", "lpips", "niqe"):
        with pytest.raises(ValueError, match="uint8"):
            plain(name)((clean / 255)[None], (clean / 255)[None])
    assert to_uint8(np.array([1.01, -0.01, 0.5019])).tolist() == [255, 0, 128]  # truncation wraps to 1, 254, 127
    rng = np.random.default_rng(0)
    reals = np.clip(clean / 255 + rng.normal(0, 0.002, clean.shape), 0, 1)
    rounded = plain("psnr")(to_uint8(reals)[None], clean[None])[0]
    cut = plain("psnr")((reals * 255).astype(np.uint8)[None], clean[None])[0]
    assert rounded > cut + 2


def test_trap_psnr_pooling_and_cap_are_declared() -> None:
    """Trap "PSNR pooling": one figure per image, an end for equal images, both in the stamp."""
    stamp = plain("psnr").protocol
    assert "per-image" in stamp and "cap=100" in stamp


def test_trap_ssim_range_does_not_depend_on_the_batch() -> None:
    """Trap "SSIM borders": peers guess the range from the batch; here a dark picture's figure is its own."""
    clean = photo("ssim") // 4
    metric = plain("ssim")
    image = noisy(clean, 5)
    alone = metric(image[None], clean[None])[0]
    bright = np.stack([image, 255 - image]), np.stack([clean, 255 - clean])
    assert metric(*bright)[0] == alone and "range=255" in metric.protocol and "border=valid" in metric.protocol


def test_trap_jpeg_lossy_saving_changes_no_reference_figures() -> None:
    """Trap "JPEG / NIQE, lossy files": a JPEG of quality 75 is another picture to NIQE; only lossless files count."""
    from PIL import Image

    metric, clean = metric_of("niqe"), photo("niqe")
    file = io.BytesIO()
    Image.fromarray(clean).save(file, "JPEG", quality=75)
    lossy = np.asarray(Image.open(file))
    assert abs(scored(metric, [lossy], clean)[0] - scored(metric, [clean], clean)[0]) > 0.05
