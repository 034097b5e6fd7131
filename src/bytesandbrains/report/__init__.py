"""Reports: one self-contained HTML file from a run, a grid of runs, or a saved folder."""

from __future__ import annotations

from bytesandbrains.report.environment import environment, package_version
from bytesandbrains.report.files import check_writable
from bytesandbrains.report.folder import folder_report
from bytesandbrains.report.grid_page import grid_report
from bytesandbrains.report.run_page import run_report
from bytesandbrains.report.sweep_page import sweep_report

__all__ = [
    "check_writable",
    "environment",
    "folder_report",
    "grid_report",
    "package_version",
    "run_report",
    "sweep_report",
]
