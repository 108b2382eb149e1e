"""Security: a secret prints as `***` everywhere, whoever was careless with it."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import PrivateAttr, SecretStr, ValidationError

from deskmetry.connector import Connector, Cursor, Page, Rejected, stream
from deskmetry.errors import BadSetting, CursorRefused, SourceError, StreamSkipped, TryLater
from deskmetry.http.redaction import forms_of, redact
from deskmetry.plugins import Registry
from deskmetry.records import Ticket
from deskmetry.settings import build_source, explain, load
from deskmetry.settings.secret import is_secret
from deskmetry.sync import Outcome, Silence, SyncReport
from helpers_http import Visit, loopback
from helpers_security import CANARY, echoes, forms, leaking_files, leaks, told
from helpers_sync import page, run, ticket

CONNECTORS = Registry.load(built_in_only=True).connectors()
NAMES = ("token", "secret", "passw", "key")


class Careless(Connector):
    """A desk whose author puts the token everywhere."""

    name: ClassVar[str] = "careless"
    url: str = "https://acme.example"
    token: SecretStr = SecretStr(CANARY)
    others: tuple[SecretStr, ...] = (SecretStr(f"{CANARY}-2"),)

    _script: Callable[[Careless], Iterator[Page]] = PrivateAttr()
    _kept: SecretStr = PrivateAttr(default=SecretStr(f"{CANARY}-3"))

    def does(self, script: Callable[[Careless], Iterator[Page]]) -> Careless:
        self._script = script
        return self

    @stream(Ticket, optional=True)
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        yield from self._script(self)


# --- repr, str, JSON, pickle --------------------------------------------------------------------------


def test_a_connector_shows_no_secret() -> None:
    made = Careless()
    made.does(lambda self: iter(()))
    assert not leaks(repr(made), str(made), f"{made}", made.model_dump_json(), repr(made.model_dump()))
    assert not leaks(repr(made.context), repr(made.http), repr(vars(made)))
    made.close()


def test_a_connector_is_not_pickled_and_its_copies_hide_the_secret_too() -> None:
    made = Careless()
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="it holds secrets"):
            pickle.dumps(made, protocol)
    assert not leaks(repr(copy.copy(made)), repr(made.model_copy()))


# --- every connector ----------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", CONNECTORS.values(), ids=CONNECTORS.keys())
def test_every_connector_hides_what_it_was_given_in_its_errors(cls: type[Connector]) -> None:
    assert cls.model_config.get("hide_input_in_errors") is True
    wrong: dict[str, Any] = {name: [CANARY, {CANARY}] for name in cls.model_fields}
    with pytest.raises(ValidationError) as caught:
        cls.model_validate({**wrong, "no_such_setting": CANARY})
    assert not leaks(str(caught.value), repr(caught.value), *traceback.format_exception(caught.value))


@pytest.mark.parametrize("cls", CONNECTORS.values(), ids=CONNECTORS.keys())
def test_every_setting_that_sounds_like_a_secret_is_kept_as_one(cls: type[Connector]) -> None:
    suspicious = {
        name: field.annotation
        for name, field in cls.model_fields.items()
        if any(word in name for word in NAMES) and not name.endswith("_id")
    }
    assert {name for name, annotation in suspicious.items() if not is_secret(annotation)} == set()


def test_a_connector_that_quotes_its_secret_in_a_check_of_its_own_is_masked(tmp_path: Path) -> None:
    from pydantic import field_validator

    class Quoting(Connector):
        """A desk that says what was wrong with the token."""

        name: ClassVar[str] = "quoting"
        token: SecretStr

        @field_validator("token")
        @classmethod
        def _check(cls, value: SecretStr) -> SecretStr:
            raise ValueError(f"{value.get_secret_value()} is too short")

    path = tmp_path / "deskmetry.toml"
    path.write_text('[sources.s1]\nconnector = "quoting"\ntoken = { env = "T" }\n')
    with pytest.raises(BadSetting) as caught:
        build_source(load(path), "s1", {"quoting": Quoting}, environ={"T": CANARY})
    assert not leaks(told(caught.value))
    assert not leaks(repr(explain(load(path), {"quoting": Quoting})))


# --- errors, log, database, report --------------------------------------------------------------------


def _raises(error: BaseException) -> Callable[[Careless], Iterator[Page]]:
    def script(_self: Careless) -> Iterator[Page]:
        yield page(ticket(1), token=1)
        raise error

    return script


def _rejects(self: Careless) -> Iterator[Page]:
    yield self.page([{"id": CANARY, "say": echoes().split()}], _unmappable)
    yield Page([ticket(1)], None, [Rejected(CANARY, f"bad: {CANARY}", CANARY)])


def _unmappable(row: dict[str, Any]) -> Ticket:
    raise ValueError(f"{row}")


def _waits(self: Careless) -> Iterator[Page]:
    yield page(ticket(1))
    self.context.wait(0.001, "the limit")
    raise TryLater("Later.", f"Ask with {CANARY}-3 or {CANARY}-2.", seconds=1.0, words=CANARY)


def _chained(_self: Careless) -> Iterator[Page]:
    yield page(ticket(1))
    try:
        raise KeyError(CANARY)
    except KeyError as error:
        raise SourceError(f"No {CANARY}.", words=CANARY) from error


SCRIPTS: dict[str, Callable[[Careless], Iterator[Page]]] = {
    "an error of ours": _raises(SourceError(f"The token {CANARY} is bad.", f"Not {CANARY}?", words=CANARY)),
    "an error of Python": _raises(ValueError(CANARY)),
    "in base64": _raises(RuntimeError(echoes())),
    "skipped": _raises(StreamSkipped(f"Not for {CANARY}.")),
    "bad records": _rejects,
    "a wait": _waits,
    "with a cause": _chained,
}


class Hears(Silence):
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def ended(self, source: str, stream: str, outcome: Outcome, reason: str) -> None:
        self.heard.append(reason)


def _shown(report: SyncReport) -> str:
    errors = [source.error for source in report.sources if source.error is not None]
    return repr(report) + "".join(f"{error}{error.args}{error.hint}{error.data}" for error in errors)


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS.keys())
def test_what_a_careless_connector_says_is_masked_in_report_log_and_database(
    tmp_path: Path, script: Callable[[Careless], Iterator[Page]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    listener = Hears()
    report = run(tmp_path, Careless().does(script), listener=listener)
    if script is not _rejects:
        assert "***" in repr(report) + _shown(report)
    assert not leaks(_shown(report), caplog.text, *listener.heard)
    assert leaking_files(tmp_path) == []


def test_a_note_on_a_refused_cursor_is_masked(tmp_path: Path) -> None:
    class Forgetful(Careless):
        """A desk that names the token when it refuses a cursor."""

        name: ClassVar[str] = "forgetful"

        @stream(Ticket)
        def tickets(self, since: Cursor | None) -> Iterator[Page]:
            if since and since.token:
                raise CursorRefused(f"The cursor of {CANARY} is too old.")
            yield page(ticket(1), token=1)

    run(tmp_path, Forgetful())
    report = run(tmp_path, Forgetful())
    assert "The cursor of *** is too old." in report.sources[0].streams[0].notes[0]
    assert leaking_files(tmp_path) == []


def test_a_source_that_fails_before_it_is_read_is_masked_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Early(Careless):
        """A desk that fails to say which account it is."""

        name: ClassVar[str] = "early"

        def account(self) -> str:
            raise ValueError(CANARY)

    caplog.set_level(logging.DEBUG)
    report = run(tmp_path, Early())
    assert report.sources[0].outcome is Outcome.FAILED
    assert not leaks(_shown(report), caplog.text)
    assert leaking_files(tmp_path) == []


ANSWERS: dict[str, Callable[[Visit], None]] = {
    "401": lambda visit: visit.json({"error": f"bad token {echoes()}"}, 401),
    "400": lambda visit: visit.json({"errors": [{"detail": echoes()}]}, 400),
    "html": lambda visit: visit.raw(CANARY.encode(), {"Content-Type": f"text/{CANARY}"}),
    "redirect": lambda visit: visit.raw(b"", {"Location": f"https://evil.example/?t={CANARY}"}, 302),
    "cookie": lambda visit: visit.json({"data": {"x": CANARY}}, Set_Cookie=f"session={CANARY}"),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_what_a_server_echoes_is_masked_with_all_libraries_at_debug(
    tmp_path: Path, answer: Callable[[Visit], None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "urllib3", "hpack", "deskmetry"):
        logging.getLogger(name).setLevel(logging.DEBUG)

    def asks(self: Careless) -> Iterator[Page]:
        yield self.page(self.http.get_json("/x", {"token": CANARY}, items="data").items, _unmappable)

    with loopback(answer) as url:
        report = run(tmp_path, Careless(url=url).does(asks), max_wait=timedelta(0))
    assert report.sources[0].outcome in (Outcome.FAILED, Outcome.SKIPPED)
    assert "httpcore" in caplog.text
    assert not leaks(_shown(report), caplog.text)
    assert leaking_files(tmp_path) == []


def test_a_secret_is_known_in_every_form() -> None:
    assert len(leaks(echoes())) == len(forms())
    assert not leaks(redact(echoes(), forms_of([CANARY])))
    assert redact("nothing of it", forms_of([CANARY])) == "nothing of it"
