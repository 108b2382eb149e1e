from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import deskmetry_metrics
from deskmetry.plugins import Registry
from deskmetry_metrics.documentation import documentation


def test_the_documentation_says_what_the_metrics_do() -> None:
    written = (Path(__file__).parents[2] / "docs" / "kpis.md").read_text(encoding="utf-8")
    assert written == documentation(), "run: python -m deskmetry_metrics > docs/kpis.md"


@pytest.mark.parametrize("group", deskmetry_metrics.GROUPS)
def test_a_group_brings_just_the_metrics_that_it_says_beforehand(group: str) -> None:
    plugin: deskmetry_metrics.MetricGroup = deskmetry_metrics.MetricGroup(group, ())
    assert {metric.name for metric in plugin.register_metrics()} == set(deskmetry_metrics.GROUPS[group])


def test_one_metric_is_the_same_class_as_among_them_all() -> None:
    alone = Registry.load(built_in_only=True, environ={}).metric("ticket_volume")
    registry = Registry.load(built_in_only=True, environ={})
    assert alone is registry.metrics()["ticket_volume"] is registry.metric("ticket_volume")
    assert registry.metric("no_such_metric") is None


def test_asking_for_one_metric_imports_no_other_group() -> None:
    ask = (
        "import sys\n"
        "from deskmetry.plugins import Registry\n"
        "assert Registry.load(built_in_only=True, environ={}).metric('ticket_volume')\n"
        "print(*sorted(name for name in sys.modules if name.startswith('deskmetry_metrics.')))"
    )
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["deskmetry_metrics.volume"]
