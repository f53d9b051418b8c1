from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import override_settings

from tests.access import visit
from tests.access.world import ROLES, World, build


@pytest.fixture(scope="module")
def world(lasting, tmp_path_factory) -> Iterator[World]:
    """Made once; every visit is taken back."""
    folder = tmp_path_factory.mktemp("access")
    with override_settings(FILES_DIR=folder / "files"):
        yield build()


@pytest.fixture(scope="module")
def visitors(world) -> dict[str, visit.Visitor]:
    return {role: visit.Visitor.of(role, world.people[role]) for role in ROLES}
