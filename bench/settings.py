"""The real settings, and the floors beside the real pages."""

from pathlib import Path

from deskbell.config.settings import *  # noqa: F403
from deskbell.config.settings import TEMPLATES

ROOT_URLCONF = "bench.urls"
TEMPLATES[0]["DIRS"] = [Path(__file__).parent / "jinja2"]
