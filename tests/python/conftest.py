"""Settings of every Python test: drawings without a screen, generated cases without a clock."""

from __future__ import annotations

import os

from hypothesis import settings

os.environ.setdefault("MPLBACKEND", "Agg")
settings.register_profile("bytesandbrains", deadline=None, print_blob=True)
settings.load_profile("bytesandbrains")
