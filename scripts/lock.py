"""Write requirements.txt and requirements-dev.txt from what is installed beside this interpreter.

    make lock              a fresh environment from pyproject.toml's ranges, then this script in it
    python scripts/lock.py --prove      download every pinned file for Windows and macOS too (over 1 GB), keep nothing

pip freeze would name only what this platform needs. Here every package's own requirements are followed once per
platform, and what only some of them need gets a marker. No hashes: pip's hash mode is all or nothing, and torch's file
differs by platform and by index.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterable
from email import message_from_bytes
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PYTHON = "3.11"
LINUX = "linux"

# Marker values and the tags of the files that pip may take there.
PLATFORMS = {
    LINUX: (
        {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"},
        ["manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"],
    ),
    "darwin": (
        {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "arm64"},
        ["macosx_14_0_arm64", "macosx_12_0_universal2"],
    ),
    "win32": (
        {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
        ["win_amd64"],
    ),
}
# torch for Linux pins its CUDA packages itself, exactly; a processor-only build has none of them.
CUDA = ("nvidia-", "cuda-", "triton")


class Metadata:
    """Versions and requirements: of what is installed, else of the file that pip downloads for a platform."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, list[Requirement]]] = {}

    def of(self, requirement: Requirement, platform: str) -> tuple[str, list[Requirement]]:
        name = canonicalize_name(requirement.name)
        if name not in self._known:
            try:
                found = importlib.metadata.distribution(name)
                version, lines = found.version, found.requires or []
            except importlib.metadata.PackageNotFoundError:
                version, lines = _download_metadata(requirement, platform)
            # The build's own mark ("2.13.0+cpu") is not to be had everywhere.
            self._known[name] = version.partition("+")[0], [Requirement(line) for line in lines]
        return self._known[name]


def pip_download(platform: str, requirements: list[str], target: str) -> None:
    """Download ready-made files for a platform, without what they need. Raises ``CalledProcessError``."""
    tags = [part for tag in PLATFORMS[platform][1] for part in ("--platform", tag)]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", target]
    subprocess.run([*command, "--python-version", PYTHON, *tags, *requirements], check=True)


def _download_metadata(requirement: Requirement, platform: str) -> tuple[str, list[str]]:
    with tempfile.TemporaryDirectory() as target:
        pip_download(platform, [f"{requirement.name}{requirement.specifier}"], target)
        (wheel,) = Path(target).iterdir()
        with zipfile.ZipFile(wheel) as archive:
            name = next(entry for entry in archive.namelist() if entry.endswith(".dist-info/METADATA"))
            fields = message_from_bytes(archive.read(name))
    return fields["Version"], fields.get_all("Requires-Dist") or []


def needed(roots: Iterable[str], platform: str, metadata: Metadata) -> dict[str, str]:
    """Return ``{canonical name: version}`` of all that ``roots`` need on a platform."""
    environment: dict[str, str] = {**default_environment(), **PLATFORMS[platform][0]}  # type: ignore[dict-item]  # a TypedDict of texts
    environment |= {"python_version": PYTHON, "python_full_version": f"{PYTHON}.9", "implementation_name": "cpython"}
    versions: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [Requirement(root) for root in roots]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name == "pip" or name.startswith(CUDA):
            continue
        versions[name], requirements = metadata.of(requirement, platform)
        for extra in ("", *requirement.extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            for wanted in requirements:
                if wanted.marker is None or wanted.marker.evaluate({**environment, "extra": extra}):
                    waiting.append(wanted)
    return versions


def pins(roots: Iterable[str], metadata: Metadata) -> dict[str, str]:
    """Return ``{canonical name: line}`` for all platforms together."""
    roots = list(roots)
    by_platform = {platform: needed(roots, platform, metadata) for platform in PLATFORMS}
    lines = {}
    for name in sorted(set().union(*by_platform.values())):
        where = [platform for platform in PLATFORMS if name in by_platform[platform]]
        version = by_platform[where[0]][name]
        if len(where) == len(PLATFORMS):
            lines[name] = f"{name}=={version}"
        elif len(where) == 1:
            lines[name] = f'{name}=={version} ; sys_platform == "{where[0]}"'
        else:
            (missing,) = PLATFORMS.keys() - set(where)
            lines[name] = f'{name}=={version} ; sys_platform != "{missing}"'
    return lines


def roots() -> tuple[list[str], list[str]]:
    """Return what pyproject.toml asks for: to run, and to develop."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return project["project"]["dependencies"], project["dependency-groups"]["dev"]


def _write(path: Path, comment: str, lines: Iterable[str]) -> None:
    path.write_text(
        "\n".join([f"# {comment}", "# Written by scripts/lock.py (make lock) from pyproject.toml.", *lines, ""]),
        encoding="utf-8",
    )


def _prove(lines: dict[str, str]) -> None:
    for platform, (environment, _) in PLATFORMS.items():
        here = [Requirement(line) for line in lines.values()]
        wanted = [f"{r.name}{r.specifier}" for r in here if r.marker is None or r.marker.evaluate(dict(environment))]
        with tempfile.TemporaryDirectory() as target:
            pip_download(platform, wanted, target)
            size = sum(file.stat().st_size for file in Path(target).iterdir())
        print(f"{platform}: {len(wanted)} files, {size / 1e6:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--prove", action="store_true", help="download each pinned file for every platform, keep nothing"
    )
    arguments = parser.parse_args()
    run, develop = roots()
    metadata = Metadata()
    runtime = pins(run, metadata)
    if arguments.prove:
        _prove(runtime)
        return
    everything = pins([*run, *develop], metadata)
    _write(
        ROOT / "requirements.txt",
        "The whole tree that runs the program, for Linux, macOS and Windows.",
        runtime.values(),
    )
    only_develop = [line for name, line in everything.items() if name not in runtime]
    _write(
        ROOT / "requirements-dev.txt", "What tests and checks need beside it.", ["-r requirements.txt", *only_develop]
    )
    print(f"requirements.txt: {len(runtime)} packages; requirements-dev.txt: {len(only_develop)} more")


if __name__ == "__main__":
    main()
