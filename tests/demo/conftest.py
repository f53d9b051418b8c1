from __future__ import annotations

import importlib
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings
from django.urls import clear_url_caches

from deskbell import demo
from deskbell.channels.email import driver
from deskbell.config import urls
from deskbell.demo import world
from deskbell.demo.apps import DemoConfig
from deskbell.demo.telling import Cast
from deskbell.kit import jinja


@pytest.fixture(scope="module")
def told(lasting: None, tmp_path_factory: Any) -> Iterator[Cast]:
    """The whole demo, told once for the module; every test's changes are taken back."""
    folder = tmp_path_factory.mktemp("demo")
    with override_settings(FILES_DIR=folder / "files", HTTP_PLAIN_TO_LOOPBACK=True):
        yield world.build(everything=True)


@pytest.fixture
def demo_pages(tmp_path: Any) -> Iterator[None]:
    """The addresses, templates and menus that a start with `--demo` has."""
    provided = dict(jinja.PROVIDED)
    templates = deepcopy(settings.TEMPLATES)
    templates[0]["DIRS"] = [Path(demo.__file__).parent / "jinja2"]  # the application is not installed here
    with override_settings(
        DEMO=True,
        TEMPLATES=templates,
        EMAIL_BACKEND=driver.FILES_BACKEND,
        EMAIL_FILE_PATH=str(tmp_path),
        COMPANY_NAME="Lanternfield IT",
    ):
        DemoConfig("deskbell.demo", demo).ready()
        _read_urls()
        yield
    jinja.PROVIDED.clear()
    jinja.PROVIDED.update(provided)
    _read_urls()


def _read_urls() -> None:
    importlib.reload(urls)
    clear_url_caches()
    jinja.url.cache_clear()
