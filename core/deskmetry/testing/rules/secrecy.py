"""Secrecy: the credentials are looked for wherever a user, a log or a file could show them."""

from __future__ import annotations

import io
import logging
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from ...settings import Settings
from ...settings.explain import explain
from ...settings.model import SourceSettings
from ..bench import SOURCE, Bench, Scene
from ..canary import leaks
from ..dump import listed
from ..rule import Broken, Grade, rule
from .answers import lists

if TYPE_CHECKING:
    from ..faults import Fault

Place = tuple[str, str | bytes]


@rule(
    Grade.BRONZE,
    "No secret turns up anywhere, when all goes well and when it doesn't",
    after=("reads", "secrets_are_typed"),
)
def secrets_stay_secret(bench: Bench) -> None:
    """Logs are sent to strangers, databases are copied, errors are pasted into public threads."""
    with bench.scene() as scene, _heard() as heard:
        places = list(_shown(bench, scene))
        if scene.url:
            for fault, on in _troubles():
                scene.play().clear()
                for path, count in lists(bench, scene.trial.items).items():
                    scene.play().play(fault, on=min(on, count), times=None, path=path)
                places += _synced(scene, type(fault).__name__)
        places += _synced(scene, "a healthy sync")
        places += [(f"the file {path.name}", path.read_bytes()) for path in _files(scene.folder)]
        places += [(name, text()) for name, text in heard.items()]
        if found := sorted(set(leaks(places, scene.trial.secrets))):
            raise Broken(
                f"The secret stands in {listed(found)}",
                "Keep it in a `SecretStr`, reveal it in `headers` only, and write it nowhere.",
            )


def _troubles() -> tuple[tuple[Fault, int], ...]:
    from ..faults import BadRecord, Forbidden, ForeignRedirect, HtmlPage, ServerError, TokenExpired

    return (
        (TokenExpired(forever=True), 2), (Forbidden(), 2), (ServerError(), 2), (HtmlPage(), 2),
        (ForeignRedirect(), 2), (BadRecord(), 1),
    )  # fmt: skip


def _shown(bench: Bench, scene: Scene) -> Iterator[Place]:
    """Yield what shows a connector's settings."""
    connector = scene.trial.connector(scene.url)
    yield "repr() of the connector", f"{connector!r} {connector}"
    fields = type(connector).model_fields
    values = {name: _written(getattr(connector, name)) for name in fields}
    source = SourceSettings(
        connector.name, {name: value for name, value in values.items() if value is not None}
    )
    settings = Settings(Path("trial.db"), sources={SOURCE: source}, folder=scene.folder)
    yield "`deskmetry config show`", repr(explain(settings, {connector.name: bench.connector}))
    yield "the account's name", connector.account()
    connector.close()


def _written(value: Any) -> Any:
    """Return a setting as somebody would have written it into the file, the secret too."""
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _synced(scene: Scene, what: str) -> Iterator[Place]:
    report = scene.sync("secret")
    source = report.sources[0]
    yield f"the report of a sync ({what})", f"{report!r} {[(s.reason, s.notes) for s in source.streams]}"
    connector = scene.connector()
    try:
        connector.check()
    except Exception as error:  # every error is looked through, whatever it is
        yield f"the error of `check` ({what})", _told(error)
    finally:
        connector.close()
    if source.error is not None:
        yield f"the error of a sync ({what})", _told(source.error)


def _told(error: BaseException) -> str:
    data = getattr(error, "data", {})
    return f"{error} {error!r} {data!r} {''.join(traceback.format_exception(error))}"


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


@contextmanager
def _heard() -> Iterator[Mapping[str, Any]]:
    """Record what is logged at any level, and printed."""
    log, out, err = io.StringIO(), io.StringIO(), io.StringIO()
    handler = logging.StreamHandler(log)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s %(args)s"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            yield {
                "the log": log.getvalue,
                "the standard output": out.getvalue,
                "the standard error": err.getvalue,
            }
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


RULES = (secrets_stay_secret,)
