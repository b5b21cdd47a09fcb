"""What every linear operator can do, and conjugate gradients for those that have no closed form."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from registry.facts import Facts

TensorMap = Callable[[Tensor], Tensor]


class LinearOperator(Facts, ABC):
    """A linear map A of pictures (B, C, H, W) in [-1, 1] onto pictures of that shape: a task's y = A x + noise.

    Every map is differentiable, works item by item, and computes in the type and on the device of what it is given. A
    new one is a registered class in a file of its own; a change of what it computes bumps the tasks that name it.
    """

    _tolerance = 1e-6  # of an iterated pseudo-inverse

    @abstractmethod
    def apply(self, x: Tensor) -> Tensor:
        """A x."""

    @abstractmethod
    def adjoint(self, y: Tensor) -> Tensor:
        """A^T y, for which <A x, y> = <x, A^T y>."""

    def pseudo_inverse(self, y: Tensor) -> Tensor:
        """A^+ y (Moore and Penrose): the shortest of all x that minimise ||A x - y||.

        By conjugate gradients on A^T A x = A^T y from 0 (`solve`) to a residual of 1e-6 ||A^T y||: directions in which
        A is weaker than about a thousandth of ||A|| are recovered in part only.
        """
        return _Linear.apply(y, _least_squares(self), _least_squares(_Transposed(self)))

    def prox(self, v: Tensor, y: Tensor, rho: float) -> Tensor:
        """The proximal map of 1/2 ||A x - y||^2 at v, with step 1/rho, rho > 0::

            argmin_x 1/2 ||A x - y||^2 + rho/2 ||x - v||^2 = (A^T A + rho I)^{-1} (A^T y + rho v)

        By conjugate gradients (`solve`) to a residual of 1e-12. Raises `ValueError` unless rho > 0.
        """

        def inverse(b: Tensor) -> Tensor:
            return solve(lambda x: self.adjoint(self.apply(x)) + rho * x, b, 1e-12)

        refuse_rho(rho)
        return _Linear.apply(self.adjoint(y) + rho * v, inverse, inverse)


def refuse_rho(rho: float) -> None:
    """Raise `ValueError` unless rho > 0: without it the minimum is not one point."""
    if not rho > 0:
        raise ValueError(f"a proximal map needs rho > 0, got {rho}")


class Projection(LinearOperator):
    """An orthogonal projection, A = A^T = A^2 = A^+: a leaf says what it keeps."""

    def adjoint(self, y: Tensor) -> Tensor:
        """A y."""
        return self.apply(y)

    def pseudo_inverse(self, y: Tensor) -> Tensor:
        """A y."""
        return self.apply(y)

    def prox(self, v: Tensor, y: Tensor, rho: float) -> Tensor:
        """v + A (y - v) / (1 + rho)."""
        refuse_rho(rho)
        return v + self.apply(y - v) / (1 + rho)


def solve(matrix: TensorMap, b: Tensor, tolerance: float, most: int = 10_000) -> Tensor:
    """x with M x = b by conjugate gradients from 0 (Hestenes and Stiefel, 1952), M symmetric and semidefinite.

    b (B, ...) has to lie in the range of M. Each item ends when its own residual is ``tolerance`` times ||b||, in types
    narrower than float64 at most 1e-6, so that no other item of the batch changes it. Raises `ArithmeticError` after
    ``most`` iterations.
    """
    goal = max(tolerance, {torch.float64: 0.0}.get(b.dtype, 1e-6)) ** 2
    axes = tuple(range(1, b.ndim))
    x, residual, direction = torch.zeros_like(b), b, b
    size = end = (b * b).sum(axes, keepdim=True)
    for _ in range(most):
        running = size > goal * end
        if not bool(running.any()):
            return x
        ahead = matrix(direction)
        step = torch.where(running, size / (direction * ahead).sum(axes, keepdim=True), 0.0)
        x, residual = x + step * direction, residual - step * ahead
        before, size = size, torch.where(running, (residual * residual).sum(axes, keepdim=True), 0.0)
        direction = residual + torch.where(running, size / before, 0.0) * direction
    raise ArithmeticError(
        f"conjugate gradients did not reach a residual of {goal**0.5:g} in {most} iterations: take a larger rho, or a "
        "larger tolerance"
    )


def _least_squares(operator: LinearOperator) -> TensorMap:
    def inverse(y: Tensor) -> Tensor:
        return solve(lambda x: operator.adjoint(operator.apply(x)), operator.adjoint(y), operator._tolerance)

    return inverse


class _Transposed(LinearOperator):
    """A^T of an operator A."""

    def __init__(self, operator: LinearOperator) -> None:
        self.operator, self._tolerance = operator, operator._tolerance

    def apply(self, x: Tensor) -> Tensor:
        return self.operator.adjoint(x)

    def adjoint(self, y: Tensor) -> Tensor:
        return self.operator.apply(y)


class _Linear(torch.autograd.Function):
    """A linear map that iterates inside, computed in float32 at least: its gradient is the transposed map's value."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, forward: TensorMap, transposed: TensorMap) -> Tensor:
        ctx.maps = transposed, forward
        return forward(x.to(torch.promote_types(x.dtype, torch.float32))).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return _Linear.apply(gradient, *ctx.maps), None, None
