"""Every browser story at every size; the test suite tells most of them at one."""

from __future__ import annotations

import subprocess
import sys

from prove import require

FOLDER = "tests/e2e"


def run(only: str = "") -> None:
    """Tell the stories whose names contain `only`, or all."""
    told = subprocess.run([sys.executable, "-m", "pytest", FOLDER, *(["-k", only] if only else [])])
    require(told.returncode == 0, "a story failed")
