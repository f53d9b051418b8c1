"""Addresses, roles, invitations."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils import timezone

from deskbell.people import actions
from deskbell.people.addresses import BadAddress, email_key, is_email
from deskbell.people.models import Identity, Invitation, User
from deskbell.people.queries import find_people, holder_of_token
from deskbell.people.rights import rights_of
from tests.stories import customer, organization, staff, team

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ("Anna@Example.COM", "anna@example.com"),
        (" anna@bücher.example ", "anna@xn--bcher-kva.example"),
        ("STRASSE@example.com", "strasse@example.com"),
        ("a+b@example.com.", "a+b@example.com"),
    ],
)
def test_addresses_are_compared_by_their_key(given, key):
    assert email_key(given) == key


def test_a_refused_address_undoes_nothing_of_what_was_written_before():
    with transaction.atomic():
        person = actions.person_for_email("ada@outside.example", how="mail")[0]
        with pytest.raises(BadAddress):
            actions.person_for_email("no address", how="mail")
        assert User.objects.filter(pk=person.pk).exists()


@pytest.mark.parametrize("given", ["", "anna", "@example.com", "anna@", "an na@example.com", "a@b\n.example"])
def test_what_is_no_address_is_said_to_be_none(given):
    with pytest.raises(BadAddress):
        email_key(given)
    assert not is_email(given)


def test_one_address_is_one_person_however_it_is_written():
    first, made = actions.person_for_email("Anna@Example.com", name="Anna", how="mail")
    second, again = actions.person_for_email("anna@EXAMPLE.com", name="Other", how="mail")
    assert (first, made, again) == (second, True, False)
    assert first.name == "Anna" and not first.has_usable_password()
    assert first.identities.get().given == "Anna@Example.com"


def test_the_address_rows_of_the_sign_in_library_follow_the_identities():
    user, _ = actions.person_for_email("anna@example.com", how="mail")
    row = EmailAddress.objects.get(user=user)
    assert (user.email, row.email, row.verified, row.primary) == (
        "anna@example.com",
        "anna@example.com",
        False,
        True,
    )
    actions.verify_identity(user.identities.get(), how="code", by=user)
    row.refresh_from_db()
    assert row.verified


def test_a_mail_domain_brings_its_people_into_the_organisation():
    acme = organization()
    actions.add_domain(acme, "Acme.example")
    user, _ = actions.person_for_email("anna@ACME.example", how="mail")
    assert user.organization == acme


def test_a_domain_belongs_to_one_organisation():
    actions.add_domain(organization(), "acme.example")
    with pytest.raises(actions.AddressTaken):
        actions.add_domain(organization(), "acme.example")


def test_an_address_of_somebody_else_is_refused():
    actions.person_for_email("anna@example.com", how="mail")
    with pytest.raises(actions.AddressTaken):
        actions.add_identity(customer(), "email", "ANNA@example.com", by=staff())


def test_making_a_user_of_a_mail_sender_gives_him_the_role_and_keeps_him_one_person():
    sender, _ = actions.person_for_email("anna@example.com", name="A", how="mail")
    made = actions.create_user("anna@example.com", name="Anna", role="agent", password="s3cret-words")
    assert made == sender and made.check_password("s3cret-words") and rights_of(made).staff
    with pytest.raises(actions.AddressTaken):
        actions.create_user("anna@example.com", name="Anna", role="admin")


@pytest.mark.parametrize(
    ("by", "role", "allowed"),
    [
        ("owner", "owner", True),
        ("admin", "owner", False),
        ("admin", "admin", True),
        ("admin", "agent", True),
        ("agent", "customer", False),
        ("supervisor", "agent", False),
    ],
)
def test_nobody_hands_out_more_than_he_has(by, role, allowed):
    giver, taker = staff(by), customer()
    if allowed:
        actions.grant(taker, role, by=giver)
    else:
        with pytest.raises(actions.NotAllowed):
            actions.grant(taker, role, by=giver)
    assert (role in rights_of(User.objects.get(pk=taker.pk)).roles) is (allowed or role == "customer")


def test_an_admin_cannot_touch_an_owner_and_the_last_owner_stays():
    owner, admin = staff("owner"), staff("admin")
    with pytest.raises(actions.NotAllowed):
        actions.deactivate(owner, by=admin)
    with pytest.raises(actions.LastOwner):
        actions.deactivate(owner, by=owner)
    second = staff("owner")
    actions.deactivate(owner, by=second)
    assert not User.objects.get(pk=owner.pk).is_active


def test_an_invitation_is_good_once():
    crew = team()
    invitation = actions.invite("Nora@desk.example", role="agent", team=crew, by=staff("admin"))
    token = actions.invitation_token(invitation)
    user = actions.accept_invitation(token, name="Nora", password="s3cret-words")
    assert rights_of(user).teams == {crew.pk} and user.check_password("s3cret-words")
    assert user.identities.get().verified_how == "link"
    with pytest.raises(actions.InvitationGone) as caught:
        actions.accept_invitation(token, name="Eve", password="other-words")
    assert caught.value.reason == "used"


@pytest.mark.parametrize("reason", ["expired", "withdrawn", "unknown"])
def test_an_invitation_that_is_no_good_says_why(reason):
    admin = staff("admin")
    invitation = actions.invite("nora@desk.example", role="agent", by=admin)
    token = actions.invitation_token(invitation)
    if reason == "expired":
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif reason == "withdrawn":
        actions.withdraw_invitation(invitation, by=admin)
    else:
        token = token[:-2] + "xx"
    with pytest.raises(actions.InvitationGone) as caught:
        actions.accept_invitation(token, name="Nora", password="s3cret-words")
    assert caught.value.reason == reason
    assert not Identity.objects.filter(key="nora@desk.example").exists()


def test_an_invitation_never_changes_a_password_somebody_has():
    user = actions.create_user("nora@desk.example", name="Nora", role="agent", password="s3cret-words")
    invitation = actions.invite("nora@desk.example", role="supervisor", by=staff("admin"))
    actions.accept_invitation(actions.invitation_token(invitation), name="", password="stolen-words")
    user.refresh_from_db()
    assert user.check_password("s3cret-words") and user.name == "Nora"


def test_a_token_acts_for_its_user_until_he_is_deactivated():
    user = staff()
    token = actions.create_token(user, name="script", read_only=True)
    holder, row = holder_of_token(token)
    assert holder == user and row.read_only and token not in row.digest
    actions.deactivate(user, by=staff("owner"))
    assert holder_of_token(token) is None
    assert holder_of_token("desk_nonsense") is None


def test_people_are_found_by_name_address_or_digits_by_those_who_may():
    anna = customer(name="Anna Quist")
    actions.add_identity(anna, "phone", "+49 30 1234567", by=staff())
    for words in ("quis", "ANNA", anna.email[:9], "1234567", "030 1234567"[4:]):
        assert anna in find_people(staff(), words), words
    assert list(find_people(customer(), "quis")) == []
