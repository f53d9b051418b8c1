from __future__ import annotations

import pytest
from django.test import Client

from deskbell.people.models import User
from tests.stories import customer


@pytest.fixture
def ada(db) -> User:
    return customer(name="Ada Quist")


@pytest.fixture
def web(ada: User, client: Client, settings, tmp_path) -> Client:
    """Ada's browser."""
    settings.FILES_DIR = tmp_path / "files"
    client.force_login(ada)
    return client
