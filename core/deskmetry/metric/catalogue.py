"""Catalogue: the documentation of metrics, written from their classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from .base import Direction, Metric
from .measures import Level, Ratio

_INTRODUCTION = """# KPIs

Written from the metric classes by `python -m deskmetry_metrics > docs/kpis.md`; a test compares.

Excluded tickets (spam, newsletters, bounces, automatic messages, merged, deleted before their first solve,
held by another source too) never count. Durations answer as `--stat mean|median|p75|p90|p95|p99|max`,
median by default; shares lie from 0 to 1.

`--as-of` answers with what was known then, merges and spam apart: no source tells when a ticket was merged or
marked, so such a ticket is left out of older answers too.
"""


def catalogue(groups: Mapping[str, Iterable[type[Metric]]]) -> str:
    """Return Markdown on groups of metrics: definition, unit, basis, parameters, what is left out."""
    parts = [_INTRODUCTION]
    for title, metrics in groups.items():
        parts.append(f"## {title}\n")
        parts.extend(_section(metric) for metric in metrics)
    return "\n".join(parts)


def _section(metric: type[Metric]) -> str:
    better = "" if metric.direction is Direction.NEITHER else f"; {metric.direction.value} is better"
    lines = [f"### `{metric.name}`", "", metric.definition(), "", f"* Unit: {metric.unit}{better}."]
    lines.append(f"* Basis: {_basis(metric)}.")
    if metric.whose:
        words = (f"`--by {word}` means `{column}`" for word, column in metric.whose.items())
        lines.append(f"* {', '.join(words)}.")
    for name, field in metric.model_fields.items():
        shown = _shown(field.default)
        lines.append(f"* `--{name.replace('_', '-')}` ({shown}): {field.description or 'no description'}.")
    if metric.leave_out:
        lines.append(f"* Left out and counted: {'; '.join(metric.leave_out)}.")
    if metric.needs:
        lines.append(f"* Needs: {', '.join(need.replace('_', ' ') for need in metric.needs)}.")
    return "\n".join(lines) + "\n"


def _basis(metric: type[Metric]) -> str:
    if issubclass(metric, Level):
        return f"end of the bucket, over `{metric.fact.name}`"
    if issubclass(metric, Ratio):
        bases = dict.fromkeys(f"`{side.fact.name}.{side.at}`" for side in (metric.over, metric.under))
        return " and ".join(bases)
    fact, at = getattr(metric, "fact", None), getattr(metric, "at", "")
    return f"`{fact.name}.{at}`" if fact is not None else "computed"


def _shown(value: object) -> str:
    if not isinstance(value, timedelta):
        return str(value)
    hours, rest = divmod(value, timedelta(hours=1))
    return f"{value.total_seconds():g}s" if rest else f"{hours}h"
