from __future__ import annotations

import pytest
from django.test import Client

from deskbell.people.models import User
from tests.stories import staff


@pytest.fixture
def owner(db) -> User:
    return staff("owner", name="Olga Owner")


@pytest.fixture
def web(owner: User, client: Client) -> Client:
    """The owner's browser."""
    client.force_login(owner)
    return client


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()
