"""Main module: lets `python -m deskmetry_cli` do what `deskmetry` does."""

from .main import main

main()
