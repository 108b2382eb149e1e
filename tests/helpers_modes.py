"""Python in a process that file modes bind: root's right to write everywhere is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_TESTS = str(Path(__file__).parent)


def as_a_mere_user(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run Python with these arguments; for root by `setpriv`, which every Linux has."""
    words = [sys.executable, *map(str, arguments)]
    if os.geteuid() == 0:
        words = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *words]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([_TESTS, *filter(None, sys.path)])}
    return subprocess.run(words, env=environment, capture_output=True, text=True)
