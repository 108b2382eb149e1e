"""Run: the figures of benchmarks/README.md, measured anew as whole processes, medians of several in turn."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from company import make

PROGRAM = (sys.executable, "-m", "deskmetry_cli")
BARE = (sys.executable, "-c", "pass")


def seconds(command: Sequence[str]) -> float:
    """Return the wall time of one run of a command, its modules compiled as those of an installed one are."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return time.perf_counter() - began


def measure(commands: dict[str, Sequence[str]], runs: int) -> dict[str, list[float]]:
    """Return the wall times of all commands, run in turn: a slow moment of the machine hits them alike."""
    for command in commands.values():
        seconds(command)
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            times[name].append(seconds(command))
    return times


def main() -> None:
    """Make a database of the asked size, time the commands over it, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        configuration = make(Path(folder), options.tickets)
        print(f"{options.tickets:,} tickets written, facts included, in {time.perf_counter() - began:.1f} s")
        ask = (*PROGRAM, "--config", str(configuration), "metric")
        period = ("--since", "2024-01-01", "--until", "2026-01-01")
        grouped = ("--by", "month", "--by", "channel", *period)
        times = measure(
            {
                "bare interpreter": BARE,
                "import typer, pydantic (yardstick)": (sys.executable, "-c", "import typer, pydantic"),
                "deskmetry --help": (*PROGRAM, "--help"),
                "ticket_volume by month and channel": (*ask, "ticket_volume", *grouped),
                "first_response_time by month and channel": (*ask, "first_response_time", *grouped),
                "response_time p90 by month and channel": (*ask, "response_time", "--stat", "p90", *grouped),
                "inbound_messages by month and channel": (*ask, "inbound_messages", *grouped),
                "ticket_backlog by day": (*ask, "ticket_backlog", "--by", "day", *period),
                "ticket_volume by tag, another zone": (
                    *ask,
                    "ticket_volume",
                    "--by",
                    "tag",
                    "--timezone",
                    "Asia/Tokyo",
                ),
            },
            options.runs,
        )
    bare = statistics.median(times["bare interpreter"])
    print("\n| command | median s | min | max | over bare |\n|---|---:|---:|---:|---:|")
    for name, values in times.items():
        middle = statistics.median(values)
        print(f"| {name} | {middle:.3f} | {min(values):.3f} | {max(values):.3f} | {middle - bare:+.3f} |")


if __name__ == "__main__":
    main()
