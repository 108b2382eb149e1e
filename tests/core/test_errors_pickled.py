"""Errors go from one process to another: each class as it was, whatever it takes to be made."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Iterator
from typing import Any

import pytest

import deskmetry.errors
from deskmetry.errors import DeskmetryError, ExitCode, SourceError, TryLater


def _classes(kind: type[DeskmetryError] = DeskmetryError) -> Iterator[type[DeskmetryError]]:
    """Yield ours, not those that connectors, metrics or other tests add."""
    if kind.__module__.startswith(deskmetry.errors.__name__):
        yield kind
    for one in kind.__subclasses__():
        yield from _classes(one)


CLASSES = sorted(set(_classes()), key=lambda kind: kind.__name__)


def _made(kind: type[DeskmetryError]) -> DeskmetryError:
    """Return an error with something for whatever its class asks for."""
    values: dict[str, Any] = {"int": 7, "Iterable[str]": ["one", "two"], "Iterable[object]": ["one", 2]}
    asked = [
        one
        for one in inspect.signature(kind.__init__).parameters.values()
        if one.name != "self" and one.kind is not one.VAR_KEYWORD
    ]
    named = {one.name: values.get(one.annotation, f"some {one.name}") for one in asked}
    return kind(**named)


def _sent(error: DeskmetryError, protocol: int = pickle.DEFAULT_PROTOCOL) -> DeskmetryError:
    got = pickle.loads(pickle.dumps(error, protocol))
    assert isinstance(got, DeskmetryError)
    return got


def test_all_public_classes_of_errors_are_tried() -> None:
    public = {one for one in vars(deskmetry.errors).values() if inspect.isclass(one)}
    assert {one for one in public if issubclass(one, DeskmetryError)} <= set(CLASSES)
    assert len(CLASSES) > 40


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_is_the_same_in_another_process(kind: type[DeskmetryError]) -> None:
    error = _made(kind)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        got = _sent(error, protocol)
        assert type(got) is kind
        assert str(got) == str(error)
        assert (got.message, got.hint, got.data) == (error.message, error.hint, error.data)
        assert (got.args, got.code, got.exit_code) == (error.args, error.code, error.exit_code)


def test_what_an_error_carries_goes_with_it() -> None:
    got = _sent(TryLater("Too many.", "Wait.", seconds=12.5, status=429, family="/tickets"))
    assert got.data == {"seconds": 12.5, "status": 429, "family": "/tickets"}
    assert got.exit_code is ExitCode.TRY_LATER
    assert str(got) == "Too many. Wait."


def test_what_was_changed_or_noted_after_an_error_was_made_goes_with_it() -> None:
    error = SourceError("The token abc is wrong.", "Mend abc.")
    error.message, error.hint, error.args = (
        "The token *** is wrong.",
        "Mend ***.",
        ("The token *** is wrong.",),
    )
    error.add_note("seen at night")
    got = _sent(error)
    assert str(got) == "The token *** is wrong. Mend ***."
    assert got.args == ("The token *** is wrong.",)
    assert got.__notes__ == ["seen at night"]


class Plugged(SourceError):
    """An error of a plugin's own, which takes what ours doesn't."""

    exit_code = ExitCode.LOCKED

    def __init__(self, what: str, /, *, why: str) -> None:
        super().__init__(f"{what}: {why}", "Pull it.", why=why)
        self.what = what


def test_a_plugins_error_with_arguments_of_its_own_goes_too() -> None:
    got = _sent(Plugged("socket", why="no power"))
    assert isinstance(got, Plugged)
    assert (got.what, str(got)) == ("socket", "socket: no power Pull it.")
    assert got.exit_code is ExitCode.LOCKED
