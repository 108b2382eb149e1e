"""Reading: from the configuration file and the environment to `Settings`, with an error for each fault."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..calendar import zone
from ..errors import BadSetting, BadSyntax, BadValue, ConfigurationError, NoConfiguration, nearest
from .find import find, places
from .model import AGENTS, BODIES, DEFAULT, KEYS, PEOPLE, VARIABLES, Privacy, Settings, SourceSettings
from .people import People, people_of

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_POSITION = re.compile(
    r"(?P<reason>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", re.DOTALL
)


def load(
    config: Path | None = None,
    *,
    required: bool = True,
    environ: Mapping[str, str] = os.environ,
    cwd: Path | None = None,
) -> Settings:
    """Find and read the configuration; `config` is the file named on the command line.

    Raises NoConfiguration if there is none and one is required, else a ConfigurationError that names file,
    key and mend. Secrets aren't read here, but when a source is built.
    """
    cwd = cwd or Path.cwd()
    file = find(config, environ, cwd)
    if file is None and required:
        raise NoConfiguration(places(cwd))
    data = {} if file is None else parse(file)
    folder = cwd if file is None else file.absolute().parent
    checked = {key: _CHECKS[key](file, key, value) for key, value in data.items() if _known(file, key)}
    origins = dict.fromkeys(KEYS, DEFAULT) | dict.fromkeys(checked, str(file))
    for key, variable in VARIABLES.items():
        if value := environ.get(variable):
            checked[key] = _CHECKS[key]("the environment", variable, value)
            origins[key] = f"environment variable {variable}"
    _check_domains(file, checked)
    base = cwd if origins["database"].startswith("environment") else folder
    checked["database"] = base / Path(checked.get("database", "deskmetry.db")).expanduser()
    return Settings(**checked, file=file, folder=folder, origins=MappingProxyType(origins))


def parse(file: Path) -> dict[str, Any]:
    """Return the tables of a TOML file; BadSyntax with line and column if it isn't one."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
        return tomllib.loads(text)
    except OSError as error:
        raise ConfigurationError(
            f"{file} can't be read: {error.strerror}.", "Check its owner and mode."
        ) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        column = error.start - error.object.rfind(b"\n", 0, error.start)
        raise BadSyntax(file, line, column, "it isn't UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        found = _POSITION.fullmatch(str(error))
        reason = found["reason"] if found else str(error)
        end = text.count("\n") + 1, len(text) - text.rfind("\n")
        line, column = (int(found["line"]), int(found["column"])) if found and found["line"] else end
        raise BadSyntax(file, line, column, reason) from None


def _check_domains(file: object, checked: Mapping[str, Any]) -> None:
    """Refuse to ignore a domain where addresses are hashed: nobody could tell who has one of it."""
    people, privacy = checked.get("people", People()), checked.get("privacy", Privacy())
    if people.domains and privacy.people == "hash":
        reason = 'a domain can\'t be told from hashed addresses (privacy.people = "hash")'
        raise BadSetting(file, "people.ignore", reason, "Name single addresses instead.")


def _known(file: object, key: str) -> bool:
    if key not in KEYS:
        mend = f"{nearest(key, KEYS)} Settings: {', '.join(KEYS)}."
        raise BadSetting(file, key, "there is no such setting", mend.strip())
    return True


def _text(file: object, key: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise BadSetting(file, key, "it must be a text", f'Write it in quotes: {key} = "…".')
    return value


def _timezone(file: object, key: str, value: object) -> str:
    name = _text(file, key, value)
    try:
        zone(name)
    except BadValue as error:
        raise BadSetting(file, key, error.message.rstrip("."), error.hint) from None
    return name


def _agents(file: object, key: str, value: object) -> str:
    if value not in AGENTS:
        raise BadSetting(
            file, key, f"it must be one of {', '.join(AGENTS)}", f'Write {key} = "hidden" or leave it out.'
        )
    return str(value)


def _thin_sample(file: object, key: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadSetting(file, key, "it must be a whole number from 0", f"Write {key} = 30 or leave it out.")
    return value


def _targets(file: object, key: str, value: object) -> Mapping[str, int | float | str]:
    targets = _table(file, key, value)
    for name, target in targets.items():
        if not isinstance(target, int | float | str) or isinstance(target, bool) or target == "":
            raise BadSetting(
                file,
                f"{key}.{name}",
                "it must be a number or a duration",
                f'Write it as 0.9 or "4h" under [{key}].',
            )
    return MappingProxyType(targets)


def _sources(file: object, key: str, value: object) -> Mapping[str, SourceSettings]:
    given = _table(file, key, value)
    sources = {name: _source(file, f"{key}.{name}", name, each) for name, each in given.items()}
    for name, source in sources.items():
        _check_tickets(file, f"{key}.{name}.tickets", source.tickets, [one for one in sources if one != name])
    return MappingProxyType(sources)


def _check_tickets(file: object, key: str, named: str | None, others: Sequence[str]) -> None:
    """Refuse surveys about tickets of a source that isn't there, or of their own, which needs no words."""
    if named is not None and named not in others:
        known = f" Other sources: {', '.join(others)}." if others else ""
        mend = f"Name the source whose tickets the surveys are about.{nearest(named, others)}{known}"
        raise BadSetting(file, key, f"there is no other source {named!r}", mend)


def _source(file: object, key: str, name: str, value: object) -> SourceSettings:
    if not _NAME.fullmatch(name):
        raise BadSetting(
            file,
            key,
            f"{name!r} can't be the name of a source",
            "Use a-z, 0-9, - and _; begin with a letter or digit.",
        )
    settings = _table(file, key, value)
    if "connector" not in settings:
        near = next((other for other in settings if nearest(other, ["connector"])), None)
        mend = (
            f"Did you mean it by {near!r}?" if near else f'Write connector = "…" under [{key}], as "mailbox".'
        )
        raise BadSetting(file, f"{key}.connector", "it is missing", mend)
    connector = _text(file, f"{key}.connector", settings.pop("connector"))
    privacy = _privacy_keys(file, f"{key}.privacy", settings.pop("privacy", {}), ("bodies", "cut_after"))
    tickets = _text(file, f"{key}.tickets", settings.pop("tickets")) if "tickets" in settings else None
    return SourceSettings(connector, MappingProxyType(settings), MappingProxyType(privacy), tickets)


def _privacy(file: object, key: str, value: object) -> Privacy:
    return Privacy(**_privacy_keys(file, key, value, ("bodies", "cut_after", "people")))


def _people(file: object, key: str, value: object) -> People:
    return people_of(file, key, _table(file, key, value))


def _privacy_keys(file: object, key: str, value: object, known: tuple[str, ...]) -> dict[str, Any]:
    """Check the keys of a table of privacy; people are held back in all sources alike, or joined in none."""
    given = _table(file, key, value)
    words = {"bodies": BODIES, "people": PEOPLE}
    for name, one in given.items():
        if name not in known:
            mend = f"{nearest(name, known)} Settings: {', '.join(known)}."
            raise BadSetting(file, f"{key}.{name}", "there is no such setting", mend.strip())
        if name in words and one not in words[name]:
            reason = f"it must be one of {', '.join(words[name])}"
            mend = f'Write {name} = "{words[name][-1]}" or leave it out.'
            raise BadSetting(file, f"{key}.{name}", reason, mend)
        if name == "cut_after" and (not isinstance(one, int) or isinstance(one, bool) or one < 0):
            reason = "it must be a whole number of characters from 0"
            raise BadSetting(file, f"{key}.{name}", reason, f"Write {name} = 500 or leave it out.")
    return given


def _table(file: object, key: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadSetting(
            file, key, "it must be a table", f"Write [{key}] on a line of its own, and its settings below."
        )
    return dict(value)


_CHECKS: Mapping[str, Callable[[object, str, object], Any]] = MappingProxyType(
    {
        "database": _text,
        "timezone": _timezone,
        "agents": _agents,
        "thin_sample": _thin_sample,
        "targets": _targets,
        "privacy": _privacy,
        "people": _people,
        "sources": _sources,
    }
)
