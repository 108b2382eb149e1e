"""What all tests share: how hypothesis tries things."""

from __future__ import annotations

from hypothesis import settings

# Slow machines aren't faults, and the same examples every time make a red run one that can be repeated.
settings.register_profile("deskmetry", deadline=None, derandomize=True)
settings.load_profile("deskmetry")
