"""The pages of roles, and that a change holds at once."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from deskbell.events.actor import SYSTEM
from deskbell.events.models import Event
from deskbell.people import actions, permissions
from deskbell.people.models import Role
from tests.setup.conftest import page
from tests.stories import customer, staff, ticket

pytestmark = pytest.mark.django_db
KEY = "abcdefghijklmnopqrstuv"


def made(name: str = "Helper", *powers: str, scope: str = "all") -> Role:
    return actions.create_role(name, scope=scope, permissions=powers, by=SYSTEM)


def posted(client: Client, row: Role, **values):
    row.refresh_from_db()
    names = ("name", "scope", "permissions", "version")
    return client.post(f"/setup/roles/{row.pk}/", {name: getattr(row, name) for name in names} | values)


def ticked(text: str) -> set[str]:
    return set(re.findall(r'name="permissions" value="([a-z.]+)" checked', text))


def test_one_page_shows_who_may_what(web):
    made("Night shift", permissions.TICKET_NOTE, scope="team")
    staff("agent")
    text = page(web, "/setup/roles/")
    for words in ("Night shift", "Their teams", "Answer customers", "Write what the customer reads"):
        assert words in text
    assert 'href="/setup/people/?role=agent"' in text
    assert text.count('<td class="levels-cell is-given">') == sum(
        len(set(role.permissions) & set(permissions.OFFERED))
        for role in Role.objects.exclude(scope__in=["own", "organization"])
    )


def test_the_page_asks_the_same_of_the_database_however_many_roles_there_are(web):
    made("One")
    page(web, "/setup/roles/")
    with CaptureQueriesContext(connection) as few:
        page(web, "/setup/roles/")
    made("Two", permissions.DESK)
    staff(made("Three", permissions.DESK).slug)
    with CaptureQueriesContext(connection) as many:
        page(web, "/setup/roles/")
    assert len(many) == len(few)


def test_a_role_is_made_once_however_often_it_is_sent(web):
    form = {"name": "Night shift", "scope": "team", "permissions": ["ticket.note"], "once": KEY}
    for _ in range(2):
        assert web.post("/setup/roles/new/", form).url == "/setup/roles/"
    row = Role.objects.get(name="Night shift")
    assert (row.scope, row.permissions) == ("team", ["desk.enter", "ticket.note"])


def test_roles_of_customers_are_made_apart_and_permit_writing_at_most(web):
    text = page(web, "/setup/roles/new/?customers")
    assert "Their organisation" in text
    assert ticked(text) == {"customer.write"}
    form = {"name": "Reader", "scope": "organization", "once": KEY}
    wrong = form | {"permissions": ["ticket.note"]}
    assert web.post("/setup/roles/new/?customers", wrong).status_code == 422
    assert web.post("/setup/roles/new/?customers", form).status_code == 302
    assert Role.objects.get(name="Reader").permissions == []
    assert web.post("/setup/roles/new/", form | {"name": "Other", "once": KEY[::-1]}).status_code == 422
    assert not Role.objects.filter(name="Other").exists()


def test_a_change_holds_for_the_next_request_of_a_page_and_of_a_token(web, client):
    helper = made("Helper", permissions.TICKET_REPLY, permissions.PEOPLE_VIEW)
    person, asked = staff("helper"), ticket()
    browser, token = Client(), actions.create_token(person, name="Script")
    browser.force_login(person)
    bearer = {"Authorization": f"Bearer {token}"}
    address = f"/api/v1/tickets/{asked.number}"
    assert browser.get(f"/desk/tickets/{asked.number}/").status_code == 200
    assert Client().get(address, headers=bearer).status_code == 200
    assert posted(web, helper, permissions=["people.view"]).url == "/setup/roles/"
    assert browser.get(f"/desk/tickets/{asked.number}/").status_code == 302
    assert Client().get(address, headers=bearer).status_code == 404


def test_a_stale_form_is_refused_and_loses_nothing(web, owner):
    helper = made("Helper", permissions.TICKET_REPLY)
    old = helper.version
    assert posted(web, helper, permissions=["desk.enter", "ticket.note"]).status_code == 302
    mine = ["desk.enter", "ticket.assign"]
    answer = posted(web, helper, name="Mine", permissions=mine, version=old)
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "It may now, and not in yours: Write notes." in text
    assert "It may not, and in yours it may: Assign." in text
    assert 'value="Mine"' in text and ticked(text) == set(mine)
    helper.refresh_from_db()
    assert (helper.name, helper.permissions) == ("Helper", ["desk.enter", "ticket.note"])
    now = re.search(r'name="version" value="(\d+)"', text)
    assert now and posted(web, helper, name="Mine", permissions=mine, version=now[1]).status_code == 302
    helper.refresh_from_db()
    assert (helper.name, helper.permissions) == ("Mine", mine)


def test_who_may_less_reads_a_role_and_changes_nothing(client):
    shaper = staff(made("Shaper", permissions.ROLES).slug)
    client.force_login(shaper)
    agent = Role.objects.get(slug="agent")
    assert "This role may do more than you" in page(client, f"/setup/roles/{agent.pk}/")
    before = Event.objects.count()
    assert posted(client, agent, permissions=["desk.enter"]).status_code == 422
    client.post(f"/setup/roles/{agent.pk}/copy/", {"once": KEY})
    assert client.post(f"/setup/roles/{agent.pk}/removal/", {"to": ""}).status_code == 422
    agent.refresh_from_db()
    assert agent.version == 1 and Event.objects.count() == before
    assert not Role.objects.filter(name__contains="copy").exists()


def test_a_copy_has_a_name_of_its_own(web):
    agent = Role.objects.get(slug="agent")
    for key in (KEY, KEY, KEY[::-1]):
        web.post(f"/setup/roles/{agent.pk}/copy/", {"once": key})
    copies = Role.objects.filter(name__contains="copy").order_by("pk")
    assert [copy.name for copy in copies] == ["Agent (copy)", "Agent (copy 2)"]
    assert copies[0].permissions == agent.permissions


def test_removing_a_role_in_use_asks_where_its_people_go(web):
    helper = made("Helper", permissions.TICKET_REPLY)
    person, agent = staff("helper"), Role.objects.get(slug="agent")
    address = f"/setup/roles/{helper.pk}/removal/"
    assert "1 person has this role." in page(web, address)
    assert web.post(address, {"to": ""}).status_code == 422
    assert Role.objects.filter(pk=helper.pk).exists()
    assert web.post(address, {"to": agent.pk}).url == "/setup/roles/"
    assert set(person.grants.values_list("role__slug", flat=True)) == {"agent", "customer"}


def test_the_audit_trail_says_what_became_of_a_role(web, owner):
    helper = actions.create_role(
        "Helper", scope="team", permissions=["ticket.note"], needs_second_factor=True, by=owner
    )
    staff("helper")
    posted(web, helper, name="Night shift", scope="all", permissions=["desk.enter", "ticket.reply"])
    helper.refresh_from_db()
    actions.remove_role(helper, to=Role.objects.get(slug="agent"), by=owner)
    text = page(web, "/setup/audit/?kind=role.")
    for words in (
        "made the role “Helper”; reaches: Their teams; may: “Work at the desk”, “Write notes”; "
        "needs a second factor",
        "changed the role “Helper” of 1 person: called it “Night shift”; may now: “Answer customers”; "
        "may no longer: “Write notes”; reaches now: Everything; needs no second factor any more",
        "removed the role “Night shift”; 1 person got “Agent” instead",
    ):
        assert words in text


def test_an_owner_is_an_owner_of_no_team(web):
    from tests.stories import team

    person, here = customer(), team()
    answer = web.post(f"/setup/people/{person.pk}/grants/", {"role": "owner", "team": here.pk})
    assert answer.status_code == 422 and "owns the whole desk" in answer.content.decode()
    assert set(person.grants.values_list("role__slug", flat=True)) == {"customer"}


@pytest.mark.parametrize(
    ("power", "opened", "closed"),
    [
        (permissions.SHAPE, ["queues/", "statuses/", "types/", "tags/", "queues/new/"], ["teams/", "roles/"]),
        (permissions.TEAMS, ["teams/", "teams/new/"], ["queues/", "types/new/", "company/"]),
        (permissions.ROLES, ["roles/", "roles/new/"], ["people/", "teams/", "system/"]),
        (permissions.PEOPLE_INVITE, ["people/", "people/invitations/", "roles/"], ["roles/new/", "teams/"]),
    ],
)
def test_each_permission_opens_its_own_pages_of_the_setup(client, power, opened, closed):
    client.force_login(staff(made("Some", power).slug))
    start = client.get("/setup/", follow=True)
    assert start.status_code == 200
    for path in opened:
        assert client.get(f"/setup/{path}").status_code == 200, path
    for path in closed:
        assert client.get(f"/setup/{path}").status_code == 403, path
