"""The pinned tree: whole, exact, and the same program on Linux, macOS and Windows."""

from __future__ import annotations

import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts.lock import PLATFORMS, ROOT, Metadata, needed, roots

LINES = [
    line for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines() if line[:1] not in ("", "#")
]


def test_every_package_is_pinned_to_one_version_that_anyone_can_get():
    assert len(LINES) > 50
    for line in LINES:
        assert re.fullmatch(r'[a-z0-9-]+==[0-9a-z.]+( ; sys_platform [!=]= "(linux|darwin|win32)")?', line), line
    assert "torch==2.13.0" in LINES
    assert not [line for line in LINES if line.startswith(("nvidia-", "cuda-", "triton"))]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_pins_hold_all_that_a_platform_needs(platform):
    """What only another platform has is pinned, but its own needs can't be read here (scripts/lock.py did)."""

    class Installed(Metadata):
        def of(self, requirement, platform):
            pinned = pins.get(canonicalize_name(requirement.name))
            assert pinned, f"{platform} needs {requirement.name}, which is not pinned"
            version = str(pinned.specifier).removeprefix("==")
            assert requirement.specifier.contains(version), f"{requirement} is wanted, {version} is pinned"
            return (version, []) if pinned.marker else super().of(requirement, platform)

    environment = PLATFORMS[platform][0]
    every = map(Requirement, LINES)
    pins = {r.name: r for r in every if r.marker is None or r.marker.evaluate(dict(environment))}
    assert needed(roots()[0], platform, Installed()).keys() == pins.keys()
