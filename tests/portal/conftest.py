from __future__ import annotations

from copy import deepcopy
from http.cookies import SimpleCookie

import pytest
from django.test import Client

from deskbell.people.models import User
from tests.stories import customer


@pytest.fixture(scope="module")
def quist(lasting: None) -> tuple[User, SimpleCookie]:
    """Ada, and what a browser keeps in which she signed in."""
    ada, browser = customer(name="Ada Quist"), Client()
    browser.force_login(ada)
    return ada, browser.cookies


@pytest.fixture
def ada(quist: tuple[User, SimpleCookie], db: None) -> User:
    return deepcopy(quist[0])


@pytest.fixture
def web(quist: tuple[User, SimpleCookie], ada: User, client: Client, settings, tmp_path) -> Client:
    """Ada's browser."""
    settings.FILES_DIR = tmp_path / "files"
    client.cookies = deepcopy(quist[1])
    return client
