"""Staff, roles and invitations in the setup."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from deskbell.events.models import Event
from deskbell.people import actions
from deskbell.people.models import Grant, Invitation, User
from tests.setup.conftest import page
from tests.stories import customer, staff, team

KEY = "abcdefghijklmnopqrstuv"
PAGES = ["people/", "people/invitations/", "people/invitations/new/", "received/", "sent/"]


def again(user: User) -> User:
    return User.objects.get(pk=user.pk)


@pytest.mark.parametrize("path", [*PAGES, "audit/"])
def test_signed_out_one_is_asked_to_sign_in(client, db, path):
    assert client.get(f"/setup/{path}").url == f"/signin/?next=/setup/{path}"


@pytest.mark.parametrize(
    "role", ["customer", "customer_manager", "engineer", "agent", "supervisor", "auditor"]
)
@pytest.mark.parametrize("path", PAGES)
def test_only_administrators_enter(client, db, role, path):
    client.force_login(customer(role=role) if role.startswith("customer") else staff(role))
    assert client.get(f"/setup/{path}").status_code == 403


@pytest.mark.parametrize(
    ("role", "first"),
    [("owner", "/setup/people/"), ("admin", "/setup/people/"), ("auditor", "/setup/audit/"), ("agent", None)],
)
def test_the_setup_begins_with_the_first_page_one_may_see(client, db, role, first):
    client.force_login(staff(role))
    answer = client.get("/setup/")
    assert answer.status_code == (302 if first else 403)
    assert not first or answer.url == first


def test_an_auditor_is_offered_the_trail_alone(client, db):
    client.force_login(staff("auditor"))
    text = page(client, "/setup/audit/")
    assert "/setup/audit/" in text
    assert "/setup/people/" not in text


def test_staff_are_listed_with_their_roles_and_customers_are_not(web):
    staff("engineer", team=team("Night shift"), name="Eli Engineer")
    customer(name="Cleo Customer")
    actions.deactivate(staff(name="Gone Girl"), by=User.objects.get(name="Olga Owner"))
    text = page(web, "/setup/people/")
    for shown in (
        "Olga Owner",
        "Owner",
        "Eli Engineer",
        "Field engineer · Night shift",
        "Gone Girl",
        "Account closed",
    ):
        assert shown in text
    assert "Cleo" not in text


def test_anybody_is_found_by_name_or_address(web):
    customer(name="Cleo Customer")
    text = page(web, "/setup/people/?q=cleo")
    assert "Cleo Customer" in text
    assert "Olga Owner" not in re.sub(r'<nav class="sidebar".*?</nav>', "", text, flags=re.DOTALL)
    assert "Nobody found" in page(web, "/setup/people/?q=%00zzz")


def test_the_list_costs_the_same_queries_for_1_person_and_for_25(web):
    counts = []
    for more in (0, 24):
        for _ in range(more):
            staff()
        with CaptureQueriesContext(connection) as queries:
            text = page(web, "/setup/people/")
        counts.append(len(queries))
    assert len(re.findall("row-link", text)) == 25
    assert counts[0] == counts[1]
    assert counts[1] <= 6


def test_a_role_is_given_and_taken_back(web, owner):
    agent, night = staff(), team()
    web.post(f"/setup/people/{agent.pk}/grants/", {"role": "supervisor", "team": night.pk})
    given = Grant.objects.get(user=agent, role__slug="supervisor")
    assert given.team == night
    web.post(f"/setup/people/{agent.pk}/grants/{given.pk}/removal/")
    assert not Grant.objects.filter(pk=given.pk).exists()
    kinds = Event.objects.filter(kind="user.rights_changed", about_id=agent.pk, actor_id=owner.pk)
    assert [(e.data["added"], e.data["removed"]) for e in kinds.order_by("pk")] == [
        (["supervisor"], []),
        ([], ["supervisor"]),
    ]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"role": "owner"}, "Select a valid choice"),
        ({"role": "nonsense"}, "Select a valid choice"),
        ({"role": ""}, "This field is required"),
        ({"role": "agent", "team": "4711"}, "Select a valid choice"),
    ],
)
def test_an_administrator_hands_out_no_more_than_he_has(client, db, values, said):
    client.force_login(staff("admin"))
    agent = staff()
    before = Grant.objects.count()
    answer = client.post(f"/setup/people/{agent.pk}/grants/", values)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert Grant.objects.count() == before


def test_customers_are_in_no_team(web):
    answer = web.post(
        f"/setup/people/{customer().pk}/grants/", {"role": "customer_manager", "team": team().pk}
    )
    assert answer.status_code == 422
    assert "Customers are in no team." in answer.content.decode()


def test_only_an_owner_changes_owners(client, owner):
    client.force_login(staff("admin"))
    own = Grant.objects.get(user=owner, role__slug="owner")
    assert "deactivation/" not in page(client, f"/setup/people/{owner.pk}/")
    for path in ("deactivation/", f"grants/{own.pk}/removal/"):
        answer = client.post(f"/setup/people/{owner.pk}/{path}", follow=True)
        assert "toast-error" in answer.content.decode()
    assert again(owner).is_active
    assert Grant.objects.filter(pk=own.pk).exists()


def test_the_last_owner_stays(web, owner):
    answer = web.post(f"/setup/people/{owner.pk}/deactivation/", follow=True)
    assert "A desk keeps at least one owner." in answer.content.decode()
    assert again(owner).is_active


def test_an_account_is_closed_and_opened_again(web):
    agent = staff(name="Ann Agent")
    web.post(f"/setup/people/{agent.pk}/deactivation/")
    assert not again(agent).is_active
    assert "Open the account again" in page(web, f"/setup/people/{agent.pk}/")
    web.post(f"/setup/people/{agent.pk}/reactivation/")
    assert again(agent).is_active


def test_a_person_who_does_not_exist_is_not_found(web):
    for path in ("", "grants/", "deactivation/", "reactivation/", "grants/1/removal/"):
        method = web.post if path else web.get
        assert method(f"/setup/people/4711/{path}").status_code == 404
    assert web.get(f"/setup/people/{10**30}/").status_code == 404


# --- invitations ----------------------------------------------------------------------------------


def form(**values) -> dict:
    return {"email": "new@desk.example", "name": "Nia New", "role": "agent", "team": "", "once": KEY} | values


def test_an_invitation_is_sent_once(web, owner):
    for _ in range(2):
        assert web.post("/setup/people/invitations/new/", form()).url == "/setup/people/invitations/"
    sent = Invitation.objects.get()
    assert (sent.email, sent.name, sent.role.slug, sent.invited_by) == (
        "new@desk.example",
        "Nia New",
        "agent",
        owner,
    )
    assert Event.objects.filter(kind="invitation.sent").count() == 1
    text = page(web, "/setup/people/invitations/")
    assert "Nia New" in text
    assert "new@desk.example" in text


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"email": "no address"}, "Enter a valid email address."),
        ({"email": ""}, "This field is required."),
        ({"role": "emperor"}, "Select a valid choice"),
        ({"name": "n" * 201}, "Ensure this value has at most 200 characters"),
    ],
)
def test_a_bad_invitation_is_told_beside_the_field(web, values, said):
    answer = web.post("/setup/people/invitations/new/", form(**values))
    text = answer.content.decode()
    assert answer.status_code == 422
    assert said in text
    assert values.get("name", "Nia New") in text
    assert Invitation.objects.count() == 0


def test_a_second_invitation_to_an_open_one_is_refused(web):
    web.post("/setup/people/invitations/new/", form())
    answer = web.post(
        "/setup/people/invitations/new/", form(email="NEW@desk.example", once="another-key-of-the-form")
    )
    assert answer.status_code == 422
    assert "is still open" in answer.content.decode()
    assert Invitation.objects.count() == 1


def test_a_withdrawn_invitation_opens_no_door(web):
    web.post("/setup/people/invitations/new/", form())
    sent = Invitation.objects.get()
    web.post(f"/setup/people/invitations/{sent.pk}/removal/")
    with pytest.raises(actions.InvitationGone, match="withdrawn"):
        actions.open_invitation(actions.invitation_token(sent))
    assert "Withdrawn" in page(web, "/setup/people/invitations/")
    assert web.post("/setup/people/invitations/new/", form(once="another-key-of-the-form")).status_code == 302


def test_invitations_cost_the_same_queries_for_1_and_for_25(web, owner):
    counts = []
    for more in (1, 24):
        for n in range(more):
            actions.invite(f"p{more}-{n}@desk.example", role="agent", by=owner)
        with CaptureQueriesContext(connection) as queries:
            page(web, "/setup/people/invitations/")
        counts.append(len(queries))
    assert counts[0] == counts[1]
