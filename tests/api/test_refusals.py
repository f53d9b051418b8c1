from __future__ import annotations

import json

import pytest
from django.db import OperationalError
from hypothesis import given, settings
from hypothesis import strategies as st

from deskbell.api.service import api
from deskbell.tickets.models import Message, Ticket
from tests import stories
from tests.api.conftest import Caller, refused


def test_without_a_token_nothing_is_told(calls):
    problem = calls(None).get("/tickets")
    refused(problem, 401)
    assert problem.headers["WWW-Authenticate"] == "Bearer"
    for token in ("desk_wrong", "x" * 10_000, "é"):
        refused(Caller(token).get("/tickets"), 401)


def test_a_browsers_session_is_no_token(calls):
    agent = stories.staff()
    call = calls(None)
    call.client.force_login(agent, backend="allauth.account.auth_backends.AuthenticationBackend")
    refused(call.get("/tickets"), 401)


def test_a_token_that_may_only_read_writes_nothing(calls):
    ticket, agent = stories.ticket(), stories.staff()
    call = calls(agent, read_only=True)
    assert call.get(f"/tickets/{ticket.number}").status_code == 200
    for response in (
        call.post("/tickets", {"subject": "s", "body": "b"}),
        call.patch(f"/tickets/{ticket.number}", {"priority": "low"}),
        call.post(f"/tickets/{ticket.number}/messages", {"body": "b", "visibility": "public"}),
        call.post("/people", {"name": "x"}),
        call.upload(b"x"),
    ):
        assert refused(response, 403)["type"] == "urn:deskbell:problem:read-only"
    assert (Ticket.objects.count(), Message.objects.count()) == (1, 1)


def test_addresses_and_methods_that_are_none_are_problems_too(calls):
    call = calls(stories.staff())
    for path in ("/", "/nothing", "/tickets/", "/tickets/1/", "/tickets/one", "/docs/x"):
        response = call.get(path)
        assert response.status_code in {404, 422}, path
        refused(response, response.status_code, *[e["field"] for e in response.json()["errors"]])
    response = call("DELETE", "/tickets")
    refused(response, 405)
    assert response.headers["Allow"] == "GET, POST"
    refused(call("PUT", "/tickets/1", {}), 405)
    refused(call.get("/uploads"), 405)


@pytest.mark.parametrize("number", ["0", "-1", "9223372036854775808", "1" * 5000, "1.5", "٣٣٣", "%00"])
def test_numbers_no_column_can_hold_are_refused(calls, number):
    call = calls(stories.staff())
    for path in (
        f"/tickets/{number}",
        f"/attachments/{number}",
        f"/people/{number}",
        f"/organizations/{number}",
    ):
        response = call.get(path)
        assert response.status_code in {404, 422}, (path, response.content)
        assert response.headers["Content-Type"] == "application/problem+json"


SURROGATE = b'{"subject": "\\ud800", "body": "b"}'


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'"x"', b"[" * 20_000, b"1" * 5000, SURROGATE]
)
def test_bodies_that_are_no_json_object_are_refused(calls, body):
    response = calls(stories.staff()).post("/tickets", body)
    assert response.status_code in {400, 422}, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    assert not Ticket.objects.exists()


def test_a_body_larger_than_any_text_is_refused(calls, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
    body = json.dumps({"subject": "s", "body": "x" * (1024 * 1024)})
    refused(calls(stories.staff()).post("/tickets", body), 413)


def test_the_longest_text_is_taken(calls):
    call = calls(stories.staff())
    words = " ".join(f"{n:x}é" for n in range(100_000))[:500_000]
    assert call.post("/tickets", {"subject": "s", "body": words}).status_code == 201


def test_a_database_that_is_away_is_told_as_such(calls, monkeypatch):
    call = calls(stories.staff())

    def away(*args, **kwargs):
        raise OperationalError("gone")

    monkeypatch.setattr("deskbell.tickets.listing.api_page", away)
    response = call.get("/tickets")
    refused(response, 503)
    assert response.headers["Retry-After"] == "5"


def test_a_fault_of_ours_is_a_problem_without_its_inside_and_stands_in_the_log(calls, monkeypatch, caplog):
    call = calls(stories.staff())

    def broken(*args, **kwargs):
        raise RuntimeError("secret inside")

    monkeypatch.setattr("deskbell.tickets.listing.api_page", broken)
    problem = refused(call.get("/tickets"), 500)
    assert "secret" not in json.dumps(problem)
    assert "secret inside" in caplog.text


# --- whatever is sent ---------------------------------------------------------------------------

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=30)
    | st.sampled_from(["public", "internal", "open", "urgent", "me", "none", "2026-01-01T00:00:00Z", "\0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def _calls() -> list[tuple[str, str, dict]]:
    document = api.get_openapi_schema(path_prefix="")
    return [
        (method.upper(), path, call)
        for path, methods in document["paths"].items()
        for method, call in methods.items()
    ]


def _fields(call: dict) -> list[str]:
    schemas = api.get_openapi_schema(path_prefix="")["components"]["schemas"]
    body = call.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    return list(schemas[body["$ref"].rpartition("/")[2]]["properties"]) if "$ref" in body else []


@pytest.mark.slow
@pytest.mark.parametrize(("method", "path", "call"), _calls(), ids=lambda value: str(value)[:30])
def test_whatever_is_sent_no_call_fails(calls, method, path, call):
    program, ticket = calls(stories.staff("owner")), stories.ticket()
    ids = st.sampled_from([str(ticket.number), str(ticket.requester_id), "1", "0", "x"])
    names = st.sampled_from([*(p["name"] for p in call["parameters"] if p["in"] == "query"), "x"])
    fields = _fields(call)
    bodies = st.dictionaries(st.sampled_from(fields), anything) if fields else st.just({})

    @settings(max_examples=25, deadline=None, derandomize=True, database=None)
    @given(pk=ids, query=st.dictionaries(names, st.text(max_size=30), max_size=3), body=bodies)
    def send(pk, query, body):
        address = path.replace("{number}", pk).replace("{id}", pk)
        if method == "GET":
            response = program.get(address, **query)
        else:
            response = program(method, address, body)
        assert response.status_code < 500, response.content
        assert response.status_code in {int(status) for status in call["responses"]}
        if response.status_code >= 400:
            assert response.headers["Content-Type"] == "application/problem+json"

    send()
