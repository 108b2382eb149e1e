"""Helpers: distributions as pip leaves them on disk, made by hand, with plugins in them."""

from __future__ import annotations

from pathlib import Path

HEAD = "from deskmetry import hookimpl\n"


def install(
    site: Path, distribution: str, points: dict[str, str], modules: dict[str, str], version: str = "1.0"
) -> None:
    """Write an installed distribution into the folder `site`: metadata, entry points and modules."""
    info = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
    lines = "".join(f"{name} = {value}\n" for name, value in points.items())
    (info / "entry_points.txt").write_text(f"[console_scripts]\nx = x:y\n\n[deskmetry]\n{lines}")
    for name, text in modules.items():
        (site / f"{name}.py").write_text(text)


def connector(name: str, *, doc: str = '"""A helpdesk."""', field: str = "", cls: str = "Desk") -> str:
    """Return the text of a plugin that brings one connector."""
    return (
        "from deskmetry import Connector, Field, hookimpl\n"
        f"class {cls}(Connector):\n    {doc}\n    name = {name!r}\n    {field}\n"
        f"@hookimpl\ndef register_connectors():\n    return [{cls}]\n"
    )


def metric(name: str, counts: str = "reopenings > 0") -> str:
    """Return the text of a plugin that brings one metric."""
    return (
        "from deskmetry import TICKETS, Direction, Share, hookimpl\n"
        'class Kpi(Share):\n    """A share of tickets."""\n'
        f"    name = {name!r}\n    direction = Direction.LOWER\n    fact, at = TICKETS, 'created_at'\n"
        f"    counts = {counts!r}\n"
        "@hookimpl\ndef register_metrics():\n    return [Kpi]\n"
    )
