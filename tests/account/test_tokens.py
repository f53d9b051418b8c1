"""API tokens of one's own."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from deskbell.events.models import Event
from deskbell.people.actions import create_token
from deskbell.people.models import ApiToken
from tests.api.conftest import refused
from tests.setup.conftest import page
from tests.stories import staff

pytestmark = pytest.mark.django_db

KEY = "abcdefghijklmnopqrstuv"
FORM = {"name": "Monthly report", "lasts": "90", "read_only": "on", "once": KEY}


def call(token: str):
    return Client(headers={"authorization": f"Bearer {token}"}).get("/api/v1/me")


def test_a_token_is_shown_once_and_works_as_long_as_it_was_made_for(client):
    mira = staff()
    client.force_login(mira)
    shown = client.post("/account/tokens/", FORM).content.decode()
    (token,) = re.findall(r'value="(desk_[^"]+)"', shown)
    row = ApiToken.objects.get(user=mira)
    assert (row.name, row.read_only) == ("Monthly report", True)
    assert abs(row.expires_at - timezone.now() - timedelta(days=90)) < timedelta(minutes=1)
    assert call(token).status_code == 200
    assert token not in page(client, "/account/tokens/")
    assert "Monthly report" in page(client, "/account/tokens/")
    assert client.post("/account/tokens/", FORM).status_code == 302  # the second click
    assert ApiToken.objects.filter(user=mira).count() == 1
    assert token not in str(list(client.session.items()))
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    refused(call(token), 401)
    assert "expired" in page(client, "/account/tokens/")


def test_a_revoked_token_opens_nothing(client):
    mira = staff()
    token = create_token(mira, name="Nightly")
    client.force_login(mira)
    client.post(f"/account/tokens/{ApiToken.objects.get().pk}/removal/")
    refused(call(token), 401)
    assert "“Nightly” no longer works." in page(client, "/account/tokens/")
    assert "Nightly" not in page(client, "/account/tokens/")
    assert Event.objects.get(kind="token.revoked").data == {"name": "Nightly"}


def test_nobody_revokes_the_token_of_somebody_else(client):
    token = create_token(staff(), name="Nightly")
    client.force_login(staff())
    client.post(f"/account/tokens/{ApiToken.objects.get().pk}/removal/")
    assert call(token).status_code == 200
    assert not Event.objects.filter(kind="token.revoked").exists()


def test_its_use_is_noted_once_an_hour():
    token = create_token(staff(), name="Nightly")
    call(token)
    noted = timezone.now() - timedelta(minutes=50)
    ApiToken.objects.update(last_used_at=noted)
    call(token)
    assert ApiToken.objects.get().last_used_at == noted
    ApiToken.objects.update(last_used_at=timezone.now() - timedelta(minutes=61))
    call(token)
    assert ApiToken.objects.get().last_used_at > noted


def test_an_administrator_revokes_one_but_none_of_an_owner(client):
    agent, owner = staff(), staff("owner")
    his, owners = create_token(agent, name="Nightly"), create_token(owner, name="Nightly")
    client.force_login(staff("admin"))
    for person in (agent, owner):
        assert "Nightly" in page(client, f"/setup/people/{person.pk}/")
        token = ApiToken.objects.get(user=person)
        client.post(f"/setup/people/{person.pk}/tokens/{token.pk}/removal/")
    assert (call(his).status_code, call(owners).status_code) == (401, 200)


def test_a_name_is_needed(client):
    client.force_login(staff())
    assert client.post("/account/tokens/", {**FORM, "name": ""}).status_code == 422
    assert not ApiToken.objects.exists()
