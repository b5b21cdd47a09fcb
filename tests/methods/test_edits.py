"""Edits of the estimated x0: what each holds, and one that a test brings in a file of its own."""

from __future__ import annotations

import pytest
import torch
from torch.testing import assert_close

import registry
from errors import UserError
from harness.config.commandline import read
from harness.planning.dependencies import stated
from methods.observation import Observation
from methods.process import Components, Level, mix
from registry import create, find

X0, X_IN, EPS = 2 * torch.randn(3, 2, 3, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
LEVEL = Level(0.3, 0.6)
C = Components(X0, X_IN - X0, EPS)
SEEN = Observation(2)


def test_clipping_holds_the_end_and_x_or_the_noise():
    clipped, kept = (create("edit", name, {})(C, LEVEL, SEEN) for name in ("x0", "x0_keep_eps"))
    for found in (clipped, kept):
        assert_close(found.x0, X0.clamp(-1, 1), rtol=0, atol=0)
        assert_close(found.x0 + found.res, X_IN, rtol=0, atol=1e-12)
    assert_close(mix(clipped, LEVEL), mix(C, LEVEL), rtol=0, atol=1e-12)
    assert torch.equal(kept.eps, EPS)
    assert_close(mix(kept, LEVEL), mix(C, LEVEL) + 0.7 * (X0.clamp(-1, 1) - X0), rtol=0, atol=1e-12)
    assert create("edit", "none", {})(C, LEVEL, SEEN) is C


NULL_SPACE = '''
from methods.edits import Edit
from methods.process import shift_x0
from registry import register


@register("edit", "null_space")
class NullSpace(Edit):
    """x0 moved to where it agrees with what was measured (DDNM): x0 + A^+ (y - A x0)."""

    version = 3

    def __call__(self, components, level, observation):
        operator, x0 = observation.operator, components.x0
        return shift_x0(components, x0 + operator.pseudo_inverse(observation.degraded - operator.apply(x0)), level)
'''


def test_a_new_edit_is_one_file_that_the_sampler_takes_by_its_name(tmp_path, monkeypatch):
    (tmp_path / "methods").mkdir()
    (tmp_path / "methods" / "null_space_for_tests.py").write_text(NULL_SPACE)
    found = registry.read(registry.ROOT, tmp_path)
    monkeypatch.setattr(registry, "catalog", lambda: found)
    monkeypatch.syspath_prepend(str(tmp_path / "methods"))
    component = registry.replace(found["edit"]["null_space"], module="null_space_for_tests")
    found["edit"]["null_space"] = component
    assert found["sampler"]["ddim"].options["clip"].choices == ("x0", "x0_keep_eps", "none", "null_space")
    facts = stated("sampler", "rddm", {"clip": "null_space"})["options"]["clip"]
    assert facts == {"class": "NullSpace", "version": 3, "options": {}}
    operator = create("operator", "block_average", {}, 2)
    y = operator.apply(X_IN)
    edited = create("sampler", "ddim", {"clip": "null_space"}).edit(C, LEVEL, Observation(2, y, None, operator, 0.0))
    assert_close(operator.apply(edited.x0), y, rtol=0, atol=1e-12)
    assert_close(mix(edited, LEVEL), mix(C, LEVEL), rtol=0, atol=1e-12)


def test_the_command_line_knows_the_edits():
    assert read(["sampler.clip=x0_keep_eps"]).points[0].values["sampler"]["clip"] == "x0_keep_eps"
    with pytest.raises(UserError, match="clip=x0_keep: did you mean x0_keep_eps?"):
        read(["sampler.clip=x0_keep"])
    assert find("metrics", "bpd").options["clip"].choices == ("x0", "x0_keep_eps", "none")


def test_an_option_that_names_no_component_is_refused_with_its_file(tmp_path):
    (tmp_path / "methods").mkdir()
    wrong = "from methods.samplers import EtaSampler\nfrom registry import register\n\n"
    wrong += '@register("sampler", "mine", clip="sharp")\n'
    (tmp_path / "methods" / "mine.py").write_text(
        f'{wrong}class Mine(EtaSampler):\n    """Mine."""\n\n    version = 1\n'
    )
    with pytest.raises(UserError, match=r"mine\.py:\d+: option clip: there is no edit=sharp"):
        registry.read(registry.ROOT, tmp_path)
