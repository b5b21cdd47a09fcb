"""What a method may not look at because its facts do not name it: no key leaves out what a result depends on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from torch import nn

from errors import UserError
from methods.parts import Parts
from registry import group_of


class _Guard:
    """In the place of ``real``: ``refuse`` is called before an attribute of it is read or it is called."""

    def __init__(self, real: Any, refuse: Callable[[], None]) -> None:
        self.__dict__.update(_real=real, _refuse=refuse)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # Python's own questions, such as how to copy it
            raise AttributeError(name)
        self._refuse()
        return getattr(self._real, name)

    def __call__(self, *given: object) -> Any:
        self._refuse()
        return self._real(*given)


def unnamed(method: str, what: str) -> Any:
    """Stands in the place of ``what``: whoever reads an attribute of it or calls it gets a `UserError`."""

    def refuse() -> NoReturn:
        raise UserError(
            f"method={method} uses {what}, which neither its samples_read nor the reads of its stages "
            "name: no key would know of it (registry/facts.py)"
        )

    return _Guard(None, refuse)


class Unread:
    """What other stages of a method read, but neither the stage in training nor those upstream of it.

    The method's constructor may use it, for it builds the parts of all stages. After `begin`, whoever uses it gets
    a `UserError`: schedule, recipe, network builder, and every network built, copies of it and layers of it too.
    Numbers that a constructor takes from it are out of sight.
    """

    def __init__(self, method: str, stage: str) -> None:
        self.method, self.stage = method, stage
        self._modules: dict[nn.Module, str] = {}
        self._constructed = False

    def guard(self, slot: str, component: Any) -> Any:
        """What is in a slot, refused after `begin`: of a builder of networks with all that it built."""
        made = self._watch(slot, component) if group_of(slot) == "network" else component
        return _Guard(made, lambda: self._refuse(slot))

    def _watch(self, slot: str, make: Callable[..., nn.Module]) -> Callable[..., nn.Module]:
        def network(*channels: int) -> nn.Module:
            built = make(*channels)
            for module in built.modules():
                module.register_forward_pre_hook(lambda module, given: self._refuse(slot))
                self._modules[module] = slot
            return built

        return network

    def begin(self, parts: Parts) -> None:
        """The method is constructed. Raises `UserError` where the stage trains something of an unread network."""
        self._constructed = True
        for module in (module for network in parts.networks.values() for module in network.modules()):
            if module in self._modules:
                self._refuse(self._modules[module])

    def _refuse(self, slot: str) -> None:
        if self._constructed:
            raise UserError(
                f"method={self.method}: the training of stage {self.stage} uses {slot}, which its reads and those of "
                "the stages upstream do not name: its key would not know of it (registry/facts.py)"
            )
