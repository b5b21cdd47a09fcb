"""Linear operators: their identities, their dense matrices, and the tasks that name them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from datasets.tasks.filters import Bell
from methods.operators.base import LinearOperator, solve
from methods.operators.blur import CircularBlur, MirrorBlur, ZeroBlur
from methods.operators.pointwise import BlockAverage, Grey, IdentityOperator, Mask

SHARP = np.array([[0.02, 0.05, 0.01], [0.1, 0.7, 0.04], [0.03, 0.04, 0.01]])  # well conditioned, not symmetric
EVEN = np.outer([0.1, 0.8, 0.1], [0.05, 0.9, 0.05])
WIDE = Bell("gaussian", 17, (2.0, 2.0)).kernel()
LUMA = (0.299, 0.587, 0.114)


def operators(shape: tuple[int, ...]) -> dict[str, LinearOperator]:
    """One of each for pictures of a shape (B, C, H, W)."""
    hidden = torch.rand((shape[0], 1, *shape[2:]), generator=torch.Generator().manual_seed(5)) < 0.4
    return {
        "identity": IdentityOperator(),
        "block_average 2": BlockAverage(2),
        "block_average 3": BlockAverage(3),
        "grey": Grey({1: (1.0,), 3: LUMA}[shape[1]]),
        "mask": Mask(hidden.double()),
        "circular": CircularBlur(SHARP),
        "circular, wide": CircularBlur(WIDE),
        "zero": ZeroBlur(SHARP, tolerance=1e-13),
        "mirror": MirrorBlur(EVEN),
        "mirror, wide": MirrorBlur(WIDE),
    }


NAMES = list(operators((1, 1, 4, 4)))
SHAPES = [(1, 1, 6, 6), (3, 3, 7, 5), (1, 3, 9, 4), (3, 1, 5, 12)]
every = pytest.mark.parametrize("name", NAMES)
sizes = pytest.mark.parametrize("shape", SHAPES, ids=str)


def draws(shape: tuple[int, ...], count: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn((count, *shape), generator=torch.Generator().manual_seed(sum(shape)), dtype=torch.float64).to(
        dtype
    )


def dense(operator: LinearOperator, shape: tuple[int, ...]) -> Tensor:
    """A of each item as a matrix (B, n, n), column by column."""
    n = int(np.prod(shape[1:]))
    columns = [operator.apply(unit.reshape(shape[1:]).expand(shape)) for unit in torch.eye(n, dtype=torch.float64)]
    return torch.stack([column.reshape(shape[0], n) for column in columns], dim=-1)


def times(matrix: Tensor, x: Tensor) -> Tensor:
    return (matrix @ x.reshape(len(x), -1, 1)).reshape(x.shape)


@every
@sizes
def test_the_adjoint_is_the_transposed_matrix(name, shape):
    operator, (x, y) = operators(shape)[name], draws(shape, 2)
    left, right = (operator.apply(x) * y).sum((1, 2, 3)), (x * operator.adjoint(y)).sum((1, 2, 3))
    assert_close(left, right, rtol=0, atol=1e-12)
    assert_close(operator.adjoint(y), times(dense(operator, shape).mT, y), rtol=0, atol=1e-12)


@every
@sizes
def test_the_pseudo_inverse_is_that_of_moore_and_penrose(name, shape):
    """A A+ A = A and A+ A A+ = A+; the wide kernel's rounding is the square root of the type's."""
    operator, (x, y) = operators(shape)[name], draws(shape, 2)
    atol = 2e-7 if "wide" in name else 1e-11
    once = operator.apply(x)
    assert_close(operator.apply(operator.pseudo_inverse(once)), once, rtol=0, atol=atol)
    found = operator.pseudo_inverse(y)
    assert_close(operator.pseudo_inverse(operator.apply(found)), found, rtol=atol, atol=atol * float(found.abs().max()))
    if "wide" not in name:
        assert_close(found, times(torch.linalg.pinv(dense(operator, shape), rtol=1e-9), y), rtol=0, atol=1e-10)


@every
@sizes
@pytest.mark.parametrize("rho", [1e-3, 0.1, 5.0])
def test_the_proximal_map_is_a_dense_solve(name, shape, rho):
    """(A^T A + rho I)^{-1} (A^T y + rho v)."""
    operator, (v, y) = operators(shape)[name], draws(shape, 2)
    matrix = dense(operator, shape)
    normal = matrix.mT @ matrix + rho * torch.eye(matrix.shape[-1], dtype=torch.float64)
    right = times(matrix.mT, y) + rho * v
    expected = torch.linalg.solve(normal, right.reshape(len(v), -1, 1)).reshape(shape)
    assert_close(operator.prox(v, y, rho), expected, rtol=0, atol=1e-9)


@every
@sizes
def test_gradients_are_those_of_the_matrix(name, shape):
    """grad 1/2 ||A x - y||^2 = A^T (A x - y); what is iterated has the exact gradient too."""
    operator, (x, y) = operators(shape)[name], draws(shape, 2)
    x.requires_grad_()
    loss = (operator.apply(x) - y).square().sum() / 2
    assert_close(torch.autograd.grad(loss, x)[0], operator.adjoint(operator.apply(x) - y), rtol=0, atol=1e-12)
    mixed = (operator.prox(x, y, 0.3) * y).sum() + (operator.pseudo_inverse(x) * y).sum()
    matrix, n = dense(operator, shape), int(np.prod(shape[1:]))
    normal = matrix.mT @ matrix + 0.3 * torch.eye(n, dtype=torch.float64)
    expected = 0.3 * torch.linalg.solve(normal, y.reshape(len(y), n, 1)).reshape(shape)
    if "wide" not in name:
        expected = expected + times(torch.linalg.pinv(matrix, rtol=1e-9).mT, y)
        assert_close(torch.autograd.grad(mixed, x)[0], expected, rtol=0, atol=1e-9)


@every
def test_items_do_not_see_each_other_and_types_are_kept(name):
    shape = (3, 3, 8, 6)
    operator, (x, y) = operators(shape)[name], draws(shape, 2)
    y[1] *= 1e-3  # whose iterations end earlier
    maps = {
        "apply": lambda one, other, at: one.apply(other[at]),
        "adjoint": lambda one, other, at: one.adjoint(other[at]),
        "inverse": lambda one, other, at: one.pseudo_inverse(other[at]),
        "prox": lambda one, other, at: one.prox(x.to(other)[at], other[at], 0.2),
    }
    for calculate in maps.values():
        together = calculate(operator, y, slice(None))
        for row in range(3):
            at = slice(row, row + 1)
            alone = operators(shape)[name] if name != "mask" else Mask(operator.mask[at])
            assert_close(calculate(alone, y, at), together[at], rtol=1e-9, atol=1e-12)
        for dtype in (torch.float32, torch.bfloat16):
            narrow = calculate(operator, y.to(dtype), slice(None))
            assert narrow.dtype == dtype and narrow.shape == shape
            if "wide" not in name:
                scale = float(together.abs().max())
                assert_close(narrow.double(), together, rtol=0, atol=scale * {torch.float32: 1e-4}.get(dtype, 0.1))


def test_a_circular_blur_wraps_and_a_zero_border_loses():
    x = torch.ones(1, 1, 6, 6, dtype=torch.float64)
    assert_close(CircularBlur(SHARP).apply(x), x, rtol=0, atol=1e-12)
    assert_close(MirrorBlur(EVEN).apply(x), x, rtol=0, atol=1e-12)
    edge = ZeroBlur(SHARP).apply(x)
    assert_close(edge[0, 0, 2, 2], x[0, 0, 0, 0], rtol=0, atol=1e-12)
    assert float(edge[0, 0, 0, 0]) == pytest.approx(SHARP[:2, :2].sum())
    point = torch.zeros(1, 1, 5, 5, dtype=torch.float64)
    point[0, 0, 0, 0] = 1  # the response is the kernel itself, about the point, and comes round
    assert_close(CircularBlur(SHARP).apply(point)[0, 0].roll((1, 1), (0, 1))[:3, :3], torch.from_numpy(SHARP))
    point = point.roll((2, 2), (-2, -1))
    assert_close(ZeroBlur(SHARP).apply(point)[0, 0, 1:4, 1:4], torch.from_numpy(SHARP))


def test_a_blur_that_loses_much_is_inverted_as_far_as_its_tolerance():
    blur, x = ZeroBlur(WIDE), draws((2, 1, 16, 16), 1)[0]
    y = blur.apply(x)
    found = blur.pseudo_inverse(y)
    missing = blur.adjoint(blur.apply(found) - y)
    assert float(missing.norm() / blur.adjoint(y).norm()) < 2e-6
    assert float((blur.apply(found) - y).norm() / y.norm()) < 1e-2


def test_what_can_not_be_done_is_refused():
    with pytest.raises(ValueError, match="odd sides"):
        CircularBlur(np.ones((4, 3)))
    with pytest.raises(ValueError, match="symmetric in both axes"):
        MirrorBlur(SHARP)
    with pytest.raises(ValueError, match="soft"):
        Mask(torch.full((1, 1, 2, 2), 0.5))
    x = torch.zeros(1, 1, 4, 4)
    for operator in operators((1, 1, 4, 4)).values():
        with pytest.raises(ValueError, match="rho > 0"):
            operator.prox(x, x, 0.0)
    with pytest.raises(ArithmeticError, match="did not reach"):
        solve(lambda x: x * torch.arange(1.0, 17).reshape(1, 1, 4, 4), x + 1, 1e-6, most=3)
