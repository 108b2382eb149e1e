"""Candidates: plugins that were found in installed distributions, in a folder or by name, not yet loaded."""

from __future__ import annotations

import os
import re
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, distribution, distributions
from pathlib import Path

from .guard import Failure, Identity, Origin, Stage, UnfitError, guarded

GROUP = "deskmetry"
BUILT_IN = "deskmetry"
_IN_GROUP = re.compile(rf"^\s*\[\s*{GROUP}\s*\]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One plugin that was found and not yet loaded; `load` imports it and may raise anything."""

    identity: Identity
    load: Callable[[], object]


def find(folder: Path | None, report: Callable[[Failure], None]) -> list[Candidate]:
    """Return what is installed, built-ins first, then by distribution, and last what lies in the folder."""
    order = list(Origin)

    def place(candidate: Candidate) -> tuple[int, str, str]:
        plugin = candidate.identity
        return order.index(plugin.origin), normalized(plugin.distribution or ""), plugin.name

    return sorted([*_installed(report), *_in_folder(folder, report)], key=place)


def in_file(path: Path) -> Candidate:
    """Return the candidate in a file; its name is that of the file without `.py`."""
    path = path.absolute()
    return Candidate(Identity(path.stem, None, None, Origin.FILE, str(path)), lambda: _import_file(path))


def normalized(name: str) -> str:
    """Return a name as names of distributions are compared: lower case, with hyphens."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def _installed(report: Callable[[Failure], None]) -> list[Candidate]:
    """Return the entry points of our group, distribution by distribution: a damaged one stops nobody."""
    found: list[Candidate] = []
    seen: set[str] = set()
    for dist in distributions():
        place = Path(str(getattr(dist, "_path", "unknown")))
        with guarded(Identity(place.stem, None, None, Origin.INSTALLED, str(place)), Stage.FIND, report):
            if not _IN_GROUP.search(dist.read_text("entry_points.txt") or ""):
                continue
            name = dist.name
            if normalized(name) in seen:
                continue
            seen.add(normalized(name))
            # The first one on the path is the one that an import would take.
            first = distribution(name)
            points = [point for point in first.entry_points if point.group == GROUP]
            found.extend(_entry_points(first, points))
    return found


def _entry_points(dist: Distribution, points: Iterable[EntryPoint]) -> Iterator[Candidate]:
    metadata = dist.metadata  # parsed anew at every access, which costs more than all the rest here
    name, version = metadata["Name"], metadata["Version"]
    origin = Origin.BUILT_IN if normalized(name) == BUILT_IN else Origin.INSTALLED
    for point in points:
        yield Candidate(Identity(point.name, name, version, origin, point.value), point.load)


def _in_folder(folder: Path | None, report: Callable[[Failure], None]) -> list[Candidate]:
    if folder is None or not folder.is_dir():
        return []
    if reason := _untrusted(folder):
        report(Failure(Identity(folder.name, None, None, Origin.FILE, str(folder)), Stage.FIND, reason))
        return []
    return [in_file(path) for path in sorted(folder.glob("*.py")) if not path.name.startswith("_")]


def _untrusted(folder: Path) -> str | None:
    """Say why code in a folder that nobody named must not be run: somebody else may have put it there."""
    status = folder.stat()
    if status.st_uid not in {os.geteuid(), 0}:
        return "the folder belongs to another user: name its files with `--plugin` if you trust them"
    if status.st_mode & 0o002:
        return "everybody can write to the folder: `chmod o-w` it, or name its files with `--plugin`"
    return None


def _import_file(path: Path) -> object:
    from importlib.util import module_from_spec, spec_from_file_location

    # The path is part of the name, so that two files of one name, or a file named as a package, don't meet.
    name = f"deskmetry_file_{re.sub(r'[^0-9a-zA-Z]', '_', path.stem)}_{zlib.crc32(os.fsencode(path)):08x}"
    found = spec_from_file_location(name, path)
    if found is None or found.loader is None:
        raise UnfitError("its name must end in .py")
    module = module_from_spec(found)
    sys.modules[name] = module  # pydantic looks there for the names in annotations
    try:
        found.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
