"""What lets somebody in stands in no log, job or event; links in mails lead to our own address alone."""

from __future__ import annotations

import io
import logging
import re

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import get_resolver, path
from django.urls.converters import IntConverter

from deskbell.config.urls import urlpatterns as ours
from deskbell.kit.discreet import SECRET
from deskbell.people import actions
from deskbell.people.models import User
from tests.access import visit
from tests.account.conftest import OTHER_PASSWORD, PASSWORD

WRONG = "a wrong secret word"


def broken(request: HttpRequest, token: str) -> HttpResponse:
    raise ValueError("a defect")


urlpatterns = [*ours, path("broken/<str:token>/", broken)]


@pytest.fixture
def logged():
    """Everything that the console of a running desk shows, and the chatter it leaves out."""
    stream = io.StringIO()
    loggers = [logging.getLogger(name) for name in ("", *settings.LOGGING["loggers"], "django")]
    levels = [each.level for each in loggers]
    (console,) = (each for each in logging.getLogger().handlers if each.name == "console")
    before = console.setStream(stream)
    for each in loggers:
        each.setLevel(logging.INFO)
    yield stream
    console.setStream(before)
    for each, level in zip(loggers, levels, strict=True):
        each.setLevel(level)


def stored() -> str:
    """Jobs and events, as rows of text."""
    with connection.cursor() as cursor:
        text = []
        for table in ("procrastinate_jobs", "events_event", "events_eventdetail"):
            cursor.execute(f"select each::text from {table} each")
            text += [row[0] for row in cursor.fetchall()]
    return "\n".join(text)


@pytest.mark.django_db
@override_settings(ROOT_URLCONF=__name__)
def test_secrets_are_in_no_log_no_job_and_no_event(letters, logged):
    cache.clear()
    secrets = {PASSWORD, OTHER_PASSWORD, WRONG}
    browser = Client(raise_request_exception=False)

    first = actions.make_first_link()
    assert first
    secrets.add(first)
    Client(enforce_csrf_checks=True).post(f"/account/first/{first}/", {"password": PASSWORD})
    browser.post(
        f"/account/first/{first}/", {"name": "Ida", "email": "ida@example.com", "password": PASSWORD}
    )
    browser.get(f"/account/first/{first}/")
    owner = User.objects.get(email="ida@example.com")
    browser.post("/signout/")

    for password in (WRONG, PASSWORD):
        browser.post("/signin/", {"login": "ida@example.com", "password": password})
    secrets.add(browser.cookies[settings.SESSION_COOKIE_NAME].value)
    browser.post("/signout/")

    browser.post("/signin/code/", {"email": "ida@example.com"})
    secrets.add(letters.code())
    browser.post("/signin/code/confirm/", {"code": letters.code()})
    browser.post("/signout/")

    browser.post("/account/password/reset/", {"email": "ida@example.com"})
    secrets.add(letters.code())
    browser.post("/account/password/reset/confirm/", {"code": letters.code()})
    browser.post(
        "/account/password/reset/complete/", {"password1": OTHER_PASSWORD, "password2": OTHER_PASSWORD}
    )

    browser.post("/signup/", {"name": "Lena", "email": "lena@example.com", "password": PASSWORD})
    secrets.add(letters.code())
    browser.post("/signup/confirm/", {"code": letters.code()})

    token = actions.create_token(owner, name="program")
    secrets.add(token)
    for call in ("/api/v1/me", "/api/v1/nothing"):
        browser.get(call, headers={"Authorization": f"Bearer {token}"})

    invitation = actions.invitation_token(actions.invite("new@example.com", role="agent", by=owner))
    secrets.add(invitation)
    browser.get(f"/account/invitation/{invitation}/")
    Client(enforce_csrf_checks=True).post(f"/account/invitation/{invitation}/", {"password": PASSWORD})
    assert browser.post(f"/broken/{invitation}/", {"password": PASSWORD}).status_code == 500

    said = logged.getvalue()
    assert "/account/invitation/…/" in said  # the refused form
    assert "Internal Server Error: /broken/…/" in said
    for where, text in (("log", said), ("rows", stored())):
        assert [secret for secret in secrets if secret in text] == [], where


#: parts of addresses that are words but no secrets
OPEN = {
    "id": "of the API, a number",
    "number": "of the API, a number",
    "channel": "a mailbox, which proves nothing: the token goes beside it",
    "language": "of a mail text",
    "key": "a form that was sent",
    "name": "a property of a ticket",
    "step": "one of the first steps",
    "stem": "a mail on the demo",
}


def test_secret_parts_of_addresses_have_the_name_that_logs_leave_out():
    parts = {
        part
        for pattern in visit.patterns(get_resolver())
        for part, converter in pattern.pattern.converters.items()
        if not isinstance(converter, IntConverter)
    }
    assert SECRET in parts
    assert parts - {SECRET} <= set(OPEN)


@pytest.mark.django_db
def test_links_in_mails_lead_to_the_address_in_the_settings(letters, settings):
    """Whatever name the browser called the desk by."""
    settings.ALLOWED_HOSTS = ["*"]
    cache.clear()
    actions.create_user("ida@example.com", name="Ida", role="owner", password=PASSWORD)
    given = {"headers": {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}}
    Client().post("/signin/code/", {"email": "ida@example.com"}, **given)
    Client().post("/account/password/reset/", {"email": "ida@example.com"}, **given)
    Client().post("/signup/", {"name": "I", "email": "ida@example.com", "password": PASSWORD}, **given)
    browser = Client()
    browser.force_login(
        User.objects.get(email="ida@example.com"),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    browser.post("/setup/people/invitations/new/", {"people": "n@example.com", "role": "agent"}, **given)
    browser.post("/portal/tickets/new/", {"subject": "s", "text": "t"}, **given)
    letters_sent = letters.all()
    assert len(letters_sent) >= 3
    for kind, _recipient, payload in letters_sent:
        text = payload.get("text", "") + payload.get("html", "")
        assert "evil.example" not in text, kind
        links = set(re.findall(r"https?://[^/\s\"<]+", text))
        assert links <= {settings.BASE_URL, "http://www.w3.org"}, kind
