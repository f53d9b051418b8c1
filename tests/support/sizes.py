"""At which sizes a browser story is told: at the first always, at the other by `bin/prove stories`."""

from __future__ import annotations

import pytest

from tests.support.browser import DESKTOP, PHONE


def told(first: dict[str, int], other: dict[str, int]) -> pytest.MarkDecorator:
    """Gives the test its `size`."""
    return pytest.mark.parametrize(
        "size", [first, pytest.param(other, marks=pytest.mark.thorough)], ids=lambda size: str(size["width"])
    )


ON_SCREEN = told(DESKTOP, PHONE)
