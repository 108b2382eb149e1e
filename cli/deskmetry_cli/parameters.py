"""Parameters: what is given to metrics on the command line, by `--param` or as an option of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from deskmetry.errors import BadValue, UnknownName, UsageError, nearest

if TYPE_CHECKING:
    from deskmetry.metric import Metric

_KNOWN = (
    "--by", "--where", "--since", "--until", "--last", "--stat", "--timezone", "--as-of", "--param",
    "--explain", "--tickets", "--limit", "--format", "--output", "--help",
)  # fmt: skip


def split_options(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split what the command line didn't know into metrics and parameters: `--grace 12h` is `grace=12h`."""
    names: list[str] = []
    parameters: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if not argument.startswith("-") or argument == "-":
            names.append(argument)
            continue
        name, equals, value = argument.partition("=")
        if not name.startswith("--"):
            raise UsageError(f"There is no option {name!r}.", "`deskmetry metric --help` lists them.")
        if not equals:
            value = next(rest, "")
        if not value or (value.startswith("-") and not value[1:2].isdigit()):
            raise UsageError(f"The option {name!r} needs a value.{nearest(name, _KNOWN)}", f"As {name} 7d.")
        parameters.append(f"{name[2:].replace('-', '_')}={value}")
    return names, parameters


def parameters(metrics: Sequence[type[Metric]], given: Sequence[str]) -> list[Metric]:
    """Return the metrics with their parameters set; each of them must belong to one that was asked for.

    `NAME=VALUE` goes to every metric that has such a parameter, `METRIC.NAME=VALUE` to one. Raises
    UnknownName for a parameter that none has, BadValue for a value that isn't one.
    """
    values: dict[str, dict[str, str]] = {metric.name: {} for metric in metrics}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals:
            raise BadValue("parameter", text, "NAME=VALUE or METRIC.NAME=VALUE, as grace=12h")
        owner, dot, name = key.strip().rpartition(".")
        takers = [m for m in metrics if name in m.model_fields and (not dot or m.name == owner)]
        if not takers:
            known = sorted({field for m in metrics for field in m.model_fields})
            options = [*known, *(option[2:] for option in _KNOWN)]
            hint = f"Parameters here: {', '.join(known) or 'none'}; options: `deskmetry metric --help`."
            raise UnknownName("parameter or option", key, options, hint)
        for taker in takers:
            values[taker.name][name] = value.strip()
    return [_make(metric, values[metric.name]) for metric in metrics]


def _make(metric: type[Metric], values: dict[str, str]) -> Metric:
    from pydantic import ValidationError

    try:
        return metric.model_validate(values)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        name = ".".join(map(str, fault["loc"]))
        raise BadValue(
            f"value for {metric.name}.{name}", str(values.get(name)), _said(fault["msg"])
        ) from None


def _said(message: str) -> str:
    """Return what pydantic says of a value as what was expected instead."""
    text = message.removeprefix("Value error, ").removeprefix("Input should be ")
    return text[:1].lower() + text[1:]
