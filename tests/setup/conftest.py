from __future__ import annotations

from copy import deepcopy
from http.cookies import SimpleCookie

import pytest
from django.test import Client

from deskbell.people.models import User
from tests.stories import staff


@pytest.fixture(scope="module")
def olga(lasting: None) -> tuple[User, SimpleCookie]:
    """The owner, and what a browser keeps in which she signed in."""
    olga, browser = staff("owner", name="Olga Owner"), Client()
    browser.force_login(olga)
    return olga, browser.cookies


@pytest.fixture
def owner(olga: tuple[User, SimpleCookie], db: None) -> User:
    return deepcopy(olga[0])


@pytest.fixture
def web(olga: tuple[User, SimpleCookie], owner: User, client: Client) -> Client:
    """The owner's browser."""
    client.cookies = deepcopy(olga[1])
    return client


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()
