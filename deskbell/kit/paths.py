"""Where things lie on disk. Imports nothing of Django, so that the command line starts fast."""

from __future__ import annotations

import os
from pathlib import Path


def data_dir() -> Path:
    """The folder that holds everything Deskbell keeps on disk (`DESKBELL_DATA_DIR`)."""
    if given := os.environ.get("DESKBELL_DATA_DIR"):
        return Path(given).expanduser().absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/deskbell")
    return Path("~/.local/share/deskbell").expanduser()
