"""Answers given before Django has the request: in the browser's language, in our look, without a database."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from asgiref.typing import ASGIReceiveEvent

from deskbell.kit import early
from deskbell.kit.http_body import Spool

MB = 1_000_000


async def nobody(*_given: Any) -> None:
    raise AssertionError("a refused request came through")


def refused(language: str, *, path: str = "/desk/", stalls: bool = False) -> tuple[int, dict[str, str], str]:
    """The answer to a body that is too large, or `stalls` halfway."""
    sent: list[Any] = []
    pieces = [{"type": "http.request", "body": b"x" * (MB if stalls else 3 * MB), "more_body": stalls}]

    async def receive() -> ASGIReceiveEvent:
        if pieces:
            return pieces.pop()  # type: ignore[return-value]
        await asyncio.sleep(60)
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-length", str(3 * MB).encode())]
    headers += [(b"Accept-Language", language.encode())] if language else []
    spool = Spool(nobody, limit_of=lambda _path: 2 * MB, idle=0.05, page=early.page)
    asyncio.run(spool({"type": "http", "path": path, "headers": headers}, receive, send))
    head = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], head, sent[1]["body"].decode()


@pytest.mark.parametrize(
    ("language", "spoken", "words"),
    [
        ("de-AT,de;q=0.9,en;q=0.5", "de", "Das ist größer als 2 MB"),
        ("fr, de;q=0.3", "de", "Das ist größer als 2 MB"),
        ("en-GB", "en", "This is larger than 2 MB, the most we can take."),
        ("de" * 9000 + "\x7f;;", "en", "This is larger than 2 MB, the most we can take."),
        ("", "en", "This is larger than 2 MB, the most we can take."),
    ],
)
def test_too_large_is_said_in_the_language_of_the_browser(language, spoken, words):
    status, head, page = refused(language)
    assert status == 413
    assert f'<html lang="{spoken}"' in page
    assert words in page
    assert head["vary"] == "Accept-Language"
    assert "kit/css/tokens.css" in page and "style-src 'self'" in head["content-security-policy"]


def test_the_language_of_the_installation_where_the_browser_names_none_we_know(settings):
    settings.LANGUAGE_CODE = "de"
    assert '<html lang="de"' in refused("fr")[2]


def test_too_slow_is_said_so_too():
    status, _head, page = refused("de", stalls=True)
    assert (status, "Die Anfrage kam zu langsam an" in page) == (408, True)


def test_a_program_gets_its_problem_as_before():
    status, head, body = refused("de", path="/api/v1/uploads")
    assert (status, head["content-type"]) == (413, "application/problem+json")
    assert json.loads(body)["detail"] == "This is larger than 2 MB, the most we can take."
