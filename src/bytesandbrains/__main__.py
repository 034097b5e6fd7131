"""Lets ``python -m bytesandbrains`` be the command line."""

from __future__ import annotations

from bytesandbrains.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
