from __future__ import annotations

from pathlib import Path

from deskmetry_metrics.documentation import documentation


def test_the_documentation_says_what_the_metrics_do() -> None:
    written = (Path(__file__).parents[2] / "docs" / "kpis.md").read_text(encoding="utf-8")
    assert written == documentation(), "run: python -m deskmetry_metrics > docs/kpis.md"
