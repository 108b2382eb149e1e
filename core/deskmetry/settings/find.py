"""Places: where the configuration file is looked for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..errors import ConfigurationError, NoConfiguration
from .model import FILE_NAME


def find(explicit: Path | None, environ: Mapping[str, str], cwd: Path) -> Path | None:
    """Return the configuration file, or None if there is none; NoConfiguration if a named one isn't there.

    In this order: the file that was named, DESKMETRY_CONFIG, `deskmetry.toml` in the folder and its parents
    up to the home folder or the root of the file system, the user's configuration folder.
    """
    named = explicit or (Path(value).expanduser() if (value := environ.get("DESKMETRY_CONFIG")) else None)
    if named is not None:
        path = cwd / named
        if not path.is_file():
            raise NoConfiguration([path])
        return path
    for path in places(cwd):
        if path.is_file():
            _check_owner(path)
            return path
    return None


def places(cwd: Path) -> Iterator[Path]:
    """Yield the paths at which a configuration is looked for when none was named."""
    home = Path.home()
    for folder in (cwd, *cwd.parents):
        yield folder / FILE_NAME
        if folder == home:
            break
    yield user_file()


def user_file() -> Path:
    """Return the path of the configuration in the user's own folder."""
    from platformdirs import user_config_path

    return user_config_path("deskmetry", appauthor=False) / FILE_NAME


def _check_owner(path: Path) -> None:
    """Refuse a file that somebody else left in a shared folder: it can name programs to be run."""
    status = path.stat()
    if status.st_uid not in {os.geteuid(), 0} or status.st_mode & 0o002:
        raise ConfigurationError(
            f"{path} was found, but another user can have written it.",
            "If you trust it, name it with `--config FILE` or DESKMETRY_CONFIG.",
            file=str(path),
        )
