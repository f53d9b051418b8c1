"""Every browser story at every size, and 500 wrong passwords; the test suite tells most of them at one."""

from __future__ import annotations

import subprocess
import sys

from prove import require

TOLD = ("tests/e2e", "tests/account/test_guessing.py")


def run(only: str = "") -> None:
    """Tell the stories whose names contain `only`, or all."""
    told = subprocess.run([sys.executable, "-m", "pytest", *TOLD, *(["-k", only] if only else [])])
    require(told.returncode == 0, "a story failed")
