from __future__ import annotations

import json
import re

from django.contrib.staticfiles import finders
from django.test import Client

from tests import stories


def test_the_document_describes_every_call_with_its_refusals_declared_once(db):
    document = Client().get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.")
    for path, methods in document["paths"].items():
        for method, call in methods.items():
            assert call["responses"]["422"] == {"$ref": "#/components/responses/Refused422"}, path
            assert call["security"] == [{"Token": []}]
            assert call["summary"]
            assert (method == "post") == any(p["name"] == "Idempotency-Key" for p in call["parameters"])
    used = set(re.findall(r'"#/components/(schemas|responses)/(\w+)"', json.dumps(document)))
    for kind, name in used:
        assert name in document["components"][kind]
    assert document["components"]["securitySchemes"]["Token"]["scheme"] == "bearer"


def test_the_page_about_it_loads_everything_from_this_server(client, db):
    page = client.get("/api/v1/docs")
    assert page.status_code == 200
    text = page.content.decode()
    assert "<script>" not in text and "style=" not in text
    addresses = re.findall(r'(?:src|href|data-document)="([^"]+)"', text)
    assert len(addresses) == 5
    assert all(address.startswith("/") and not address.startswith("//") for address in addresses)
    for name in ("ninja/swagger-ui-bundle.js", "ninja/swagger-ui.css", "api/js/docs.js"):
        assert finders.find(name), name
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]


def test_answers_are_kept_by_nobody(calls):
    assert calls(stories.staff()).get("/me").headers["Cache-Control"] == "no-store"
