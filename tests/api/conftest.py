from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from deskbell.people.actions import create_token
from deskbell.people.models import User

ROOT = "/api/v1"


class Caller:
    """Somebody's program: paths below /api/v1, JSON in, JSON out."""

    def __init__(self, token: str) -> None:
        self.client = Client()
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        sent = body if isinstance(body, str | bytes) else json.dumps(body) if body is not None else ""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.generic(
            method, ROOT + path, sent, content_type="application/json", headers={**self.headers, **names}
        )

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(ROOT + path, query, headers=self.headers)

    def items(self, path: str, **query: Any) -> list[Any]:
        """All pages of a list."""
        found: list[Any] = []
        cursor = None
        while True:
            response = self.get(path, **query, **({"cursor": cursor} if cursor else {}))
            assert response.status_code == 200, response.content
            found += response.json()["items"]
            cursor = response.json()["next"]
            if cursor is None:
                return found

    def post(self, path: str, body: Any, **headers: str) -> Any:
        return self("POST", path, body, **headers)

    def patch(self, path: str, body: Any) -> Any:
        return self("PATCH", path, body)

    def upload(self, content: bytes, filename: str = "a.txt", **headers: str) -> Any:
        from django.core.files.uploadedfile import SimpleUploadedFile

        names = {name.replace("_", "-"): value for name, value in headers.items()}
        file = SimpleUploadedFile(filename, content)
        return self.client.post(ROOT + "/uploads", {"file": file}, headers={**self.headers, **names})


@pytest.fixture
def calls(db, settings, tmp_path) -> Callable[..., Caller]:
    """The program of somebody: `calls(user)`, `calls(user, read_only=True)`, `calls(None)`."""
    settings.FILES_DIR = tmp_path / "files"

    def program(user: User | None, *, read_only: bool = False) -> Caller:
        return Caller(create_token(user, name="test", read_only=read_only) if user else "")

    return program


def refused(response: Any, status: int, *fields: str) -> dict[str, Any]:
    """The problem of a refusal, after checking that it is one and names `fields`."""
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem.keys() >= {"type", "title", "status", "detail", "errors"}
    assert problem["status"] == status
    assert [error["field"] for error in problem["errors"]] == list(fields), problem
    return problem
