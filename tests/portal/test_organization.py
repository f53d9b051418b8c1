"""A customer manager's page, and who comes to belong to an organisation."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from deskbell.events.actor import SYSTEM
from deskbell.people import actions as people
from deskbell.people.models import Grant, Invitation, MembershipRequest, Organization, User
from deskbell.tickets import actions as tickets
from deskbell.tickets.models import Ticket
from tests.stories import customer, fresh, staff, ticket

pytest_plugins: list[str] = []
HOME = "/portal/organization/"


@pytest.fixture
def acme(db) -> Organization:
    acme = people.create_organization("Acme", domains=["acme.example"])
    Organization.objects.update(needs_approval=True)
    return Organization.objects.get(pk=acme.pk)


@pytest.fixture
def otto(acme, client) -> User:
    otto = customer(acme, role="customer_manager", name="Otto")
    client.force_login(otto)
    return otto


def stranger(address: str = "mallory@acme.example") -> User:
    return people.person_for_email(address, name="Mallory", how="sign_up")[0]


def roles(person: User) -> list[str]:
    return sorted(Grant.objects.filter(user=person).values_list("role__slug", flat=True))


def test_a_fresh_address_of_the_domain_shows_nothing_until_somebody_approves(client, acme, otto):
    theirs = ticket(customer(acme))
    mallory = stranger()
    people.grant(mallory, "customer_manager", by=SYSTEM)  # even then
    own = ticket(mallory)
    assert (mallory.organization, own.organization) == (None, None)
    assert list(Ticket.objects.visible_to(mallory)) == [own]
    browser = type(client)()
    browser.force_login(mallory)
    assert browser.get(HOME).status_code == 403
    assert "Mallory" in client.get(HOME).content.decode()
    asked = MembershipRequest.objects.get()
    client.post(f"{HOME}requests/{asked.pk}/", {"do": "approve"})
    mallory = User.objects.get(pk=mallory.pk)
    assert mallory.organization == acme
    assert set(Ticket.objects.visible_to(mallory)) == {own, theirs}
    assert fresh(own).organization is None
    assert ticket(mallory).organization == acme


def test_a_refusal_stays_and_a_later_click_changes_nothing(client, otto):
    mallory = stranger()
    asked = MembershipRequest.objects.get()
    client.post(f"{HOME}requests/{asked.pk}/", {"do": "refuse"})
    client.post(f"{HOME}requests/{asked.pk}/", {"do": "approve"})
    people.add_identity(mallory, "email", "m2@acme.example", by=SYSTEM)
    asked = MembershipRequest.objects.get()
    assert (asked.approved, asked.decided_by) == (False, otto)
    assert User.objects.get(pk=mallory.pk).organization is None


def test_another_organisation_s_manager_decides_nothing(client, acme, otto):
    other = people.create_organization("Other", domains=["other.example"])
    client.force_login(customer(other, role="customer_manager"))
    stranger()
    asked = MembershipRequest.objects.get()
    assert client.post(f"{HOME}requests/{asked.pk}/", {"do": "approve"}).status_code == 404
    member = customer(acme)
    assert client.post(f"{HOME}people/{member.pk}/level/", {"level": "read_only"}).status_code == 404
    assert MembershipRequest.objects.get().approved is None
    assert roles(member) == ["customer"]


def test_an_administrator_decides_in_the_setup_and_by_joining(client, acme):
    client.force_login(staff("owner"))
    mallory, second = stranger(), stranger("second@acme.example")
    assert "Mallory" in client.get(f"/setup/organizations/{acme.pk}/").content.decode()
    asked = MembershipRequest.objects.get(user=mallory)
    client.post(f"/setup/memberships/{asked.pk}/", {"do": "approve"})
    client.post(f"/setup/organizations/{acme.pk}/people/", {"email": "second@acme.example"})
    assert {p.organization for p in User.objects.filter(pk__in=[mallory.pk, second.pk])} == {acme}
    assert list(MembershipRequest.objects.values_list("approved", flat=True)) == [True, True]


def test_the_setup_keeps_whether_new_people_need_an_approval(client, db):
    client.force_login(staff("owner"))
    given = {"name": "Beta", "domains": "beta.example", "notes": "", "needs_approval": "on"}
    client.post("/setup/organizations/new/", given)
    beta = Organization.objects.get(name="Beta")
    assert beta.needs_approval
    client.post(f"/setup/organizations/{beta.pk}/", {"name": "Beta", "domains": "beta.example"})
    assert not Organization.objects.get(name="Beta").needs_approval


def test_a_manager_makes_colleagues_read_only_and_back(client, acme, otto):
    kim = customer(acme, name="Kim")
    client.post(f"{HOME}people/{kim.pk}/level/", {"level": "read_only_organization"})
    assert roles(kim) == ["read_only_organization"]
    client.post(f"{HOME}people/{kim.pk}/level/", {"level": "customer"})
    assert roles(kim) == ["customer"]


@pytest.mark.parametrize("level", ["owner", "customer_manager", "", "nonsense"])
def test_a_manager_hands_out_no_other_role(client, acme, otto, level):
    kim = customer(acme)
    answer = client.post(f"{HOME}people/{kim.pk}/level/", {"level": level}, follow=True)
    assert "You cannot change what this person may do." in answer.content.decode()
    assert roles(kim) == ["customer"]


def test_a_manager_changes_neither_himself_nor_managers_nor_staff(client, acme, otto):
    agent = staff()
    people.change_person(agent, by=SYSTEM, organization=acme)
    before = {}
    for person in (otto, customer(acme, role="customer_manager"), agent):
        before[person.pk] = roles(person)
        client.post(f"{HOME}people/{person.pk}/level/", {"level": "read_only"})
    assert {pk: roles(User.objects.get(pk=pk)) for pk in before} == before


def test_a_colleague_is_invited_and_belongs_without_another_approval(client, acme, otto):
    for _ in range(2):
        client.post(f"{HOME}invitations/", {"email": "nia@acme.example", "level": "read_only"})
    sent = Invitation.objects.get()
    assert (sent.organization, sent.role.slug, sent.invited_by) == (acme, "read_only", otto)
    nia = people.accept_invitation(people.invitation_token(sent), name="Nia", password="long-enough-9")
    assert (nia.organization, roles(nia)) == (acme, ["read_only"])
    assert MembershipRequest.objects.get().approved is True


@pytest.mark.parametrize(
    ("email", "said"),
    [
        ("x@gmail.com", "with an address of your organisation"),
        ("no address", "Enter a valid email address."),
    ],
)
def test_others_are_not_invited(client, otto, email, said):
    answer = client.post(f"{HOME}invitations/", {"email": email, "level": "customer"})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert Invitation.objects.count() == 0


def test_an_invitation_is_withdrawn_by_the_organisation_alone(client, acme, otto):
    client.post(f"{HOME}invitations/", {"email": "nia@acme.example", "level": "customer"})
    other = people.invite("agent@desk.example", role="agent", by=staff("owner"))
    assert client.post(f"{HOME}invitations/{other.pk}/removal/").status_code == 404
    mine = Invitation.objects.get(organization=acme)
    client.post(f"{HOME}invitations/{mine.pk}/removal/")
    assert Invitation.objects.get(pk=mine.pk).withdrawn_at
    assert Invitation.objects.get(pk=other.pk).withdrawn_at is None


def test_the_page_costs_the_same_for_1_member_and_for_3(client, acme, otto):
    counts = []
    for more in (1, 2):
        for n in range(more):
            customer(acme)
            stranger(f"m{more}{n}@acme.example")
        with CaptureQueriesContext(connection) as queries:
            assert client.get(HOME).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_reader_of_the_whole_organisation_manages_nothing(client, acme):
    client.force_login(customer(acme, role="read_only_organization"))
    assert client.get(HOME).status_code == 403
    assert HOME not in client.get("/portal/").content.decode()


def test_tickets_answered_by_a_former_member_stay_where_they_were(acme, otto):
    own = ticket(otto)
    tickets.customer_close(own, by=otto)
    assert fresh(own).organization == acme
