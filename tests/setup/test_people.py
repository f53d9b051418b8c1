"""Staff, roles and invitations in the setup."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from deskbell.events.models import Event
from deskbell.people import actions
from deskbell.people.models import Grant, Invitation, User
from deskbell.tickets import actions as tickets
from tests.setup.conftest import page
from tests.stories import customer, fresh, staff, team, ticket

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
    ("role", "status"),
    [("owner", 200), ("admin", 200), ("auditor", 302), ("agent", 403), ("supervisor", 302)],
)
def test_the_setup_begins_with_what_one_may_see(client, db, role, status):
    client.force_login(staff(role))
    answer = client.get("/setup/")
    assert answer.status_code == status
    if status == 302:
        assert answer.url == "/setup/audit/"
    if status == 200:
        assert 'href="/setup/queues/"' in answer.content.decode()


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


@pytest.mark.slow
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
    return {"people": "Nia New <new@desk.example>", "role": "agent", "team": "", "once": KEY} | values


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
        ({"people": "no address"}, "“no address” holds no e-mail address"),
        ({"people": "a@desk.example\nbroken@"}, "“broken@” holds no e-mail address"),
        ({"people": ""}, "This field is required."),
        ({"people": "\n".join(f"p{n}@desk.example" for n in range(51))}, "At most 50 at once."),
        ({"role": "emperor"}, "Select a valid choice"),
    ],
)
def test_a_bad_invitation_is_told_beside_the_field(web, values, said):
    answer = web.post("/setup/people/invitations/new/", form(**values))
    text = answer.content.decode()
    assert answer.status_code == 422
    assert said in text
    assert Invitation.objects.count() == 0


def test_a_second_invitation_to_an_open_one_is_refused(web):
    web.post("/setup/people/invitations/new/", form())
    answer = web.post(
        "/setup/people/invitations/new/",
        form(people="fresh@desk.example, NEW@desk.example", once="another-key-of-the-form"),
    )
    assert answer.status_code == 422
    assert "is still open: new@desk.example" in answer.content.decode()
    assert Invitation.objects.count() == 1


def test_several_are_invited_at_once(web):
    given = "Ada One <ada@desk.example>\nbob@desk.example; cleo@desk.example\nADA@desk.example\n"
    web.post("/setup/people/invitations/new/", form(people=given))
    sent = Invitation.objects.order_by("pk").values_list("name", "email", "role__slug")
    assert list(sent) == [
        ("Ada One", "ada@desk.example", "agent"),
        ("", "bob@desk.example", "agent"),
        ("", "cleo@desk.example", "agent"),
    ]


def test_an_invitation_is_sent_again_and_lasts_longer(web, owner):
    sent = actions.invite("late@desk.example", role="agent", by=owner)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(days=1))
    for _ in range(2):
        web.post(f"/setup/people/invitations/{sent.pk}/again/", {"once": KEY})
    assert actions.open_invitation(actions.invitation_token(sent)) == sent
    assert Event.objects.filter(kind="invitation.sent_again", about_id=sent.pk).count() == 1
    actions.withdraw_invitation(Invitation.objects.get(), by=owner)
    answer = web.post(f"/setup/people/invitations/{sent.pk}/again/", follow=True).content.decode()
    assert "accepted or withdrawn meanwhile" in answer
    assert Event.objects.filter(kind="invitation.sent_again").count() == 1


def leaving(web, agent: User, **values) -> str:
    return web.post(f"/setup/people/{agent.pk}/deactivation/", values, follow=True).content.decode()


def test_who_leaves_hands_over_the_open_tickets_or_gives_them_back(web, owner):
    ann, bea, cy = staff(name="Ann"), staff(name="Bea"), staff(name="Cy")
    mine = [ticket() for _ in range(3)]
    for each in mine:
        tickets.assign(each, ann, by=owner)
    tickets.resolve(mine[2], by=ann)
    assert "2 open tickets" in page(web, f"/setup/people/{ann.pk}/deactivation/")
    assert "Choose who gets the tickets." in leaving(web, ann, tickets="hand over")
    assert again(ann).is_active
    assert "no longer sign in" in leaving(web, ann, tickets="hand over", to=bea.pk)
    assert not again(ann).is_active
    assert [fresh(each).assignee for each in mine] == [bea, bea, ann]
    leaving(web, bea, tickets="free")
    assert [fresh(each).assignee for each in mine] == [None, None, ann]
    tickets.assign(fresh(mine[0]), cy, by=owner)
    leaving(web, cy, tickets="keep")
    assert fresh(mine[0]).assignee == cy


def test_the_last_owner_keeps_his_tickets(web, owner):
    mine = ticket()
    tickets.claim(mine, by=owner)
    assert "A desk keeps at least one owner." in leaving(web, owner, tickets="free")
    assert fresh(mine).assignee == owner


def test_the_list_is_narrowed_to_a_role_and_to_closed_accounts(web, owner):
    staff("engineer", name="Eli Engineer")
    gone = staff(name="Gone Girl")
    actions.deactivate(gone, by=owner)
    text = re.sub(
        r'<nav class="sidebar".*?</nav>', "", page(web, "/setup/people/?role=engineer"), flags=re.DOTALL
    )
    assert "Eli Engineer" in text and "Gone Girl" not in text
    text = page(web, "/setup/people/?state=closed")
    assert "Gone Girl" in text and "Eli Engineer" not in text
    assert "Gone Girl" in page(web, "/setup/people/?q=gone")
    assert page(web, "/setup/people/?role=nonsense&state=nonsense")


def test_a_withdrawn_invitation_opens_no_door(web):
    web.post("/setup/people/invitations/new/", form())
    sent = Invitation.objects.get()
    web.post(f"/setup/people/invitations/{sent.pk}/removal/")
    with pytest.raises(actions.InvitationGone, match="withdrawn"):
        actions.open_invitation(actions.invitation_token(sent))
    assert "Withdrawn" in page(web, "/setup/people/invitations/")
    assert web.post("/setup/people/invitations/new/", form(once="another-key-of-the-form")).status_code == 302


@pytest.mark.slow
def test_invitations_cost_the_same_queries_for_1_and_for_25(web, owner):
    counts = []
    for more in (1, 24):
        for n in range(more):
            actions.invite(f"p{more}-{n}@desk.example", role="agent", by=owner)
        with CaptureQueriesContext(connection) as queries:
            page(web, "/setup/people/invitations/")
        counts.append(len(queries))
    assert counts[0] == counts[1]
