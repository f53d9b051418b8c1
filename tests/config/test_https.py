"""What an address that begins with https changes."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from django.test import Client

NAMES = (
    "SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE",
    "SECURE_HSTS_SECONDS",
)  # fmt: skip
READ = f"""
import json
from deskbell.config import settings
print(json.dumps([getattr(settings, name) for name in {NAMES!r}]))
"""


def settings_with(**given: str) -> list[object]:
    done = subprocess.run(
        [sys.executable, "-c", READ], env={**os.environ, **given}, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"DESKBELL_BASE_URL": "http://desk.lan"}, ["deskbell", "deskbell_csrf", False, False, 0]),
        (
            {"DESKBELL_BASE_URL": "https://desk.example"},
            ["__Host-deskbell", "__Host-deskbell_csrf", True, True, 2592000],
        ),
        (
            {"DESKBELL_BASE_URL": "https://desk.example", "DESKBELL_HSTS_SECONDS": "0"},
            ["__Host-deskbell", "__Host-deskbell_csrf", True, True, 0],
        ),
    ],
)
def test_cookies_and_the_promise_of_https(given, expected):
    assert settings_with(**given) == expected


@pytest.mark.django_db
def test_https_is_promised_over_https_alone(settings):
    settings.SECURE_HSTS_SECONDS = 2592000
    assert Client().get("/signin/", secure=True).headers["Strict-Transport-Security"] == "max-age=2592000"
    assert "Strict-Transport-Security" not in Client().get("/signin/").headers
