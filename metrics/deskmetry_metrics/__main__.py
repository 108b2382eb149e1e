"""Writes the documentation of the shipped metrics to stdout."""

from __future__ import annotations

import sys

from deskmetry_metrics.documentation import documentation

if __name__ == "__main__":
    sys.stdout.write(documentation())
