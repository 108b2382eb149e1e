"""The registry gives every name one owner, takes nothing unchecked, and calls hooks plugin by plugin."""

from __future__ import annotations

from pathlib import Path

import pytest

from deskmetry import Connector, Metric
from deskmetry.errors import Interrupted
from deskmetry.plugins import Registry, Stage
from helpers_plugins import HEAD, connector, metric

ONLY = {"DESKMETRY_PLUGINS": "one,two,three"}


def load(tmp_path: Path, **files: str) -> Registry:
    for name, text in files.items():
        (tmp_path / f"{name}.py").write_text(text)
    return Registry.load(folder=tmp_path, environ={"DESKMETRY_PLUGINS": ",".join(files)})


def test_connectors_and_metrics_are_answered_by_name(tmp_path: Path) -> None:
    registry = load(tmp_path, one=connector("acme"), two=metric("rate"))
    assert issubclass(registry.connectors()["acme"], Connector)
    assert issubclass(registry.metrics()["rate"], Metric)
    assert registry.connectors() is registry.connectors()
    assert registry.failures == ()


def test_a_name_belongs_to_the_plugin_that_came_first(tmp_path: Path) -> None:
    registry = load(tmp_path, one=connector("acme", cls="First"), two=connector("acme", cls="Second"))
    assert registry.connectors()["acme"].__name__ == "First"
    one, two = registry.describe()
    assert (one.status, one.connectors) == ("ok", ("acme",))
    assert (two.status, two.connectors) == ("failed", ())
    assert two.reason.startswith("the name 'acme' is owned by one (")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (connector("acme", doc="pass"), "Desk (acme) needs a docstring"),
        (connector("Acme Desk"), "not 'Acme Desk'"),
        (connector(""), "not ''"),
        (connector("acme", field="secret: str"), "no Field(description=…) for secret"),
        (
            f"{HEAD}class X: pass\n@hookimpl\ndef register_connectors(): return [X]\n",
            "not a subclass of deskmetry.Conn",
        ),
        (f"{HEAD}@hookimpl\ndef register_connectors(): return ['acme']\n", "'acme' is not a subclass"),
        (f"{HEAD}@hookimpl\ndef register_connectors(): return 3\n", "must return a list of classes, not 3"),
        (
            f"{HEAD}@hookimpl\ndef register_connectors(): return int\n",
            "must return a list of classes, not <class",
        ),
        (f"{HEAD}@hookimpl\ndef register_connectors():\n    yield 1 / 0\n", "ZeroDivisionError"),
        (f"{HEAD}@hookimpl\ndef register_connectors(): raise SystemExit\n", "it ended the program"),
        (metric("rate", counts="no_such_column > 0"), "no_such_column"),
        (f"{HEAD}@hookimpl\ndef register_metrics(): return [1]\n", "1 is not a subclass of deskmetry.Metric"),
    ],
)
def test_what_cannot_be_used_is_left_out_and_the_rest_goes_on(
    tmp_path: Path, text: str, expected: str
) -> None:
    registry = load(tmp_path, one=text, two=connector("good"), three=metric("good"))
    assert list(registry.connectors()) == ["good"]
    assert list(registry.metrics()) == ["good"]
    (failure,) = registry.failures
    assert failure.plugin.name == "one"
    assert expected in failure.reason


def test_one_bad_item_does_not_take_the_others_of_its_plugin_along(tmp_path: Path) -> None:
    text = connector("good").replace("return [Desk]", "return [int, Desk]")
    registry = load(tmp_path, one=text)
    assert list(registry.connectors()) == ["good"]
    assert registry.describe()[0].connectors == ("good",)


def test_a_warning_is_told_once(tmp_path: Path) -> None:
    registry = load(tmp_path, one="1 / 0\n", two=connector("acme", doc="pass"))
    (first,) = registry.warnings()
    assert first == f"plugin one ({tmp_path / 'one.py'}): ZeroDivisionError: division by zero"
    assert registry.warnings() == []
    registry.connectors()
    assert len(registry.warnings()) == 1


def test_hooks_are_called_plugin_by_plugin_and_results_keep_their_owner(tmp_path: Path) -> None:
    bad = f"{HEAD}@hookimpl\ndef prepare_connection(connection):\n    raise ValueError('no')\n"
    good = (
        f"{HEAD}@hookimpl\ndef prepare_connection(connection):\n    connection.append(1)\n    return 'done'\n"
    )
    registry = load(tmp_path, one=bad, two=good, three=connector("acme"))
    seen: list[int] = []
    for _ in range(2):
        ((owner, result),) = registry.call("prepare_connection", connection=seen)
    assert (owner.name, result) == ("two", "done")
    assert len(seen) == 2
    (failure,) = registry.failures  # the same failure again isn't another one
    assert (failure.stage, failure.reason) == (Stage.CALL, "ValueError: no")
    assert "one.py" in failure.trace


def test_an_implementation_may_leave_out_arguments(tmp_path: Path) -> None:
    registry = load(tmp_path, one=f"{HEAD}@hookimpl\ndef sync_finished():\n    return 1\n")
    assert [result for _, result in registry.call("sync_finished", report=None)] == [1]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, Interrupted])
def test_a_guard_lets_the_wish_to_stop_through(tmp_path: Path, stop: type[BaseException]) -> None:
    text = f"{HEAD}@hookimpl\ndef sync_finished(report):\n    raise report\n"
    registry = load(tmp_path, one=text)
    with pytest.raises(stop):
        registry.call("sync_finished", report=stop("stop"))


def test_an_exception_that_cannot_be_printed_is_still_a_failure(tmp_path: Path) -> None:
    text = "class E(Exception):\n    def __str__(self): raise ValueError\nraise E\n"
    registry = load(tmp_path, one=text, two=connector("good"))
    assert [failure.reason for failure in registry.failures] == ["E"]
    assert list(registry.connectors()) == ["good"]
