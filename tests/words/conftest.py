from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings

from words import pseudo


@pytest.fixture(scope="session")
def pseudo_languages(tmp_path_factory: Any) -> Any:
    """Settings under which the made-up languages are spoken."""
    folder = pseudo.write(tmp_path_factory.mktemp("words"))
    return {
        "LANGUAGES": [*settings.LANGUAGES, *pseudo.LANGUAGES],
        "LANGUAGES_BIDI": pseudo.RIGHT_TO_LEFT,
        "LOCALE_PATHS": [folder, *settings.LOCALE_PATHS],
    }


@pytest.fixture(scope="module")
def made_up(pseudo_languages: dict[str, Any]) -> Iterator[None]:
    with override_settings(**pseudo_languages):
        yield
