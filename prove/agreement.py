"""Hundreds of random desks: every door shows a person the same, and what the rules say read plainly."""

from __future__ import annotations

import os
import subprocess
import sys

from prove import require

TEST = "tests/access/test_agreement.py"


def run(examples: int = 400) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "pytest", TEST], env={**os.environ, "DESKBELL_TEST_EXAMPLES": str(examples)}
    )
    require(told.returncode == 0, "two doors disagree, or disagree with the rules")
