"""Accepting an invitation from the mail."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from deskbell.people import actions
from deskbell.people.models import Invitation, User
from tests.account.conftest import OTHER_PASSWORD, PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(db) -> User:
    return actions.create_user("owner@example.com", name="Olga Stern", role="owner", password=PASSWORD)


@pytest.fixture
def invitation(owner) -> Invitation:
    return actions.invite("jon@example.com", name="Jon", role="agent", by=owner)


def link(invitation: Invitation) -> str:
    return f"/account/invitation/{actions.invitation_token(invitation)}/"


def roles(user: User) -> list[str]:
    return sorted(grant.role.slug for grant in user.grants.all())


def test_the_invited_person_sets_name_and_password_and_is_signed_in(client, invitation):
    page = client.get(link(invitation)).content.decode()
    assert "Olga Stern invites you" in page
    assert "jon@example.com" in page
    response = client.post(link(invitation), {"name": "Jon Ek", "password": PASSWORD})
    assert response.headers["Location"] == "/"
    jon = User.objects.get(email="jon@example.com")
    assert (jon.name, jon.check_password(PASSWORD), roles(jon)) == ("Jon Ek", True, ["agent", "customer"])
    assert client.session["_auth_user_id"] == str(jon.pk)


def test_the_link_works_once(client, invitation):
    client.post(link(invitation), {"name": "Jon Ek", "password": PASSWORD})
    again = client.post(link(invitation), {"name": "Eve", "password": OTHER_PASSWORD})
    assert again.status_code == 410
    assert "accepted already" in again.content.decode()
    assert User.objects.get(email="jon@example.com").check_password(PASSWORD)


def test_an_old_a_withdrawn_and_a_broken_link_say_so(client, invitation, owner):
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=timezone.now() - timedelta(minutes=1))
    assert "too old" in client.get(link(invitation)).content.decode()
    withdrawn = actions.invite("pia@example.com", role="agent", by=owner)
    actions.withdraw_invitation(withdrawn, by=owner)
    assert "withdrawn" in client.get(link(withdrawn)).content.decode()
    response = client.get("/account/invitation/nonsense/")
    assert (response.status_code, "not complete" in response.content.decode()) == (410, True)


def test_a_person_with_a_password_gets_the_role_but_is_not_signed_in_by_a_link(client, owner):
    jon = actions.create_user("jon@example.com", name="Jon", role="customer", password=PASSWORD)
    invitation = actions.invite("jon@example.com", role="agent", by=owner)
    assert 'type="password"' not in client.get(link(invitation)).content.decode()
    response = client.post(link(invitation), {"name": "Jon", "password": OTHER_PASSWORD})
    assert response.headers["Location"] == "/signin/"
    jon.refresh_from_db()
    assert (jon.check_password(PASSWORD), roles(jon)) == (True, ["agent", "customer"])
    assert "_auth_user_id" not in client.session


def test_a_weak_password_accepts_nothing(client, invitation):
    response = client.post(link(invitation), {"name": "Jon Ek", "password": "short"})
    assert "too short" in response.content.decode()
    assert not User.objects.filter(email="jon@example.com").exists()
    invitation.refresh_from_db()
    assert invitation.accepted_at is None
