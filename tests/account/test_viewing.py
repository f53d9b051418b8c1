"""Looking at the desk as somebody else sees it: what is shown, and that nothing at all is changed."""

from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from deskbell.events.actor import SYSTEM
from deskbell.events.models import Event
from deskbell.kit import jinja
from deskbell.people import actions, viewing
from deskbell.people.models import Grant, Role, User
from deskbell.people.rights import rights_of
from deskbell.setup import trail
from deskbell.tickets import actions as tickets
from deskbell.tickets.content import Content
from deskbell.tickets.models import ReadMark, Ticket
from tests import stories
from tests.account.conftest import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_limits(db):
    cache.clear()


@pytest.fixture
def boss(db) -> User:
    return actions.create_user("boss@example.com", name="Boss", role="owner", password=PASSWORD)


@pytest.fixture
def lena(db) -> User:
    return stories.customer(stories.organization("Acme"), name="Lena Muster")


@pytest.fixture
def ticket(boss, lena) -> Ticket:
    ticket = tickets.open_ticket(
        requester=lena, subject="Broken lamp", content=Content.markdown("It is dark."), by=lena, source="web"
    )
    tickets.note(ticket, Content.markdown("a secret of the desk"), by=boss)
    return ticket


def look_as(client: Client, person: User, by: User) -> None:
    client.post("/signin/", {"login": by.email, "password": PASSWORD})
    answer = client.post(f"/setup/people/{person.pk}/viewing/")
    assert answer.headers["Location"] == "/"


def told(person: User, reader: User) -> list[tuple[str, str]]:
    events = Event.objects.filter(about_kind="user", about_id=person.pk, kind__startswith="user.viewing")
    return [(line.who, line.what) for line in trail.lines(list(events.order_by("pk")), reader)]


def test_one_sees_what_the_person_sees_and_both_ends_are_told(client, boss, lena, ticket):
    look_as(client, lena, boss)
    page = client.get("/portal/").content.decode()
    assert "You see the desk as Lena Muster" in page
    assert "Broken lamp" in page
    shown = client.get(f"/portal/tickets/{ticket.number}/").content.decode()
    assert "It is dark" in shown
    assert "secret of the desk" not in shown
    assert client.get("/desk/").status_code == 302
    assert client.get("/setup/").status_code == 403
    ended = client.post("/account/viewing/removal/")
    assert ended.headers["Location"] == f"/setup/people/{lena.pk}/"
    assert "You see the desk as" not in client.get("/desk/").content.decode()
    assert client.get("/setup/").status_code == 200
    assert told(lena, boss) == [
        ("Boss", "looks at the desk as the person, for 30 minutes at most"),
        ("Boss", "stopped looking at the desk as the person"),
    ]


def test_a_customer_of_no_organisation_is_looked_as_from_his_page_at_the_desk(client, boss):
    nobodys = stories.customer(name="Ole Brandt")
    client.post("/signin/", {"login": boss.email, "password": PASSWORD})
    path = f"/desk/people/{nobodys.pk}/"
    page = client.get(path).content.decode()
    assert f'action="/setup/people/{nobodys.pk}/viewing/"' in page
    assert "View as this person" in page
    assert client.post(f"/setup/people/{nobodys.pk}/viewing/", {"from": "desk"}).headers["Location"] == "/"
    assert "You see the desk as Ole Brandt" in client.get("/portal/").content.decode()
    assert client.post("/account/viewing/removal/").headers["Location"] == path
    assert [what for _who, what in told(nobodys, boss)] == [
        "looks at the desk as the person, for 30 minutes at most",
        "stopped looking at the desk as the person",
    ]
    agent = actions.create_user("agent@example.com", name="Agent", role="agent", password=PASSWORD)
    other = Client()
    other.post("/signin/", {"login": agent.email, "password": PASSWORD})
    assert "View as this person" not in other.get(path).content.decode()


#: every way of writing that the pages of the two have, and what is a person's own
WRITES = (
    ("POST", "/portal/tickets/new/"),
    ("POST", "/portal/tickets/{number}/"),
    ("POST", "/account/"),
    ("POST", "/account/tokens/"),
    ("PUT", "/portal/"),
    ("DELETE", "/portal/"),
    ("GET", "/account/"),
    ("GET", "/account/second-factor/setup/"),
    ("GET", "/account/passkeys/new/"),
    ("GET", "/account/mine/"),
    ("GET", "/live/token"),
)


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_nothing_is_written_and_what_is_his_own_stays_closed(client, boss, lena, ticket, method, path):
    look_as(client, lena, boss)
    client.get("/portal/")
    before = _everything()
    answer = client.generic(
        method,
        path.format(number=ticket.number),
        "text=words&subject=s&name=x",
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code in {403, 404}, (method, path)
    assert b"only looking" in answer.content or answer.status_code == 404
    assert _everything() == before


def _everything() -> dict[str, int]:
    """How often each table was written, but for sessions and limits."""
    with connection.cursor() as cursor:
        cursor.execute("select tablename from pg_tables where schemaname = 'public'")
        names = [row[0] for row in cursor.fetchall() if row[0] not in {"django_session", "kit_cache"}]
        found = {}
        for name in names:
            cursor.execute(f'select count(*), max(xmin::text::bigint) from "{name}"')
            found[name] = cursor.fetchone()
    return found


def test_looking_at_an_agent_marks_nothing_as_read_and_opens_no_stream(client, boss, lena, ticket):
    agent = actions.create_user("agent@example.com", name="Agent", role="agent", password=PASSWORD)
    look_as(client, agent, boss)
    before = _everything()
    for path in (
        "/desk/",
        "/desk/home/",
        f"/desk/tickets/{ticket.number}/",
        "/desk/people/",
        "/desk/search/?q=lamp",
        "/field/",
        f"/field/tickets/{ticket.number}/",
        "/desk/tickets/new/",
    ):
        page = client.get(path, follow=True)
        assert page.status_code == 200, path
        assert "You see the desk as Agent" in page.content.decode(), path
        assert 'data-live-token="ey' not in page.content.decode()
    assert _everything() == before
    assert not ReadMark.objects.filter(user=agent).exists()
    assert client.get("/live/token").status_code == 403


def test_faces_are_shown(client, boss, lena):
    agent = actions.create_user("agent@example.com", name="Agent", role="agent", password=PASSWORD)
    look_as(client, agent, boss)
    assert client.get(f"/account/faces/{boss.pk}/").status_code == 404  # he has no photo; not refused
    assert client.get("/account/").status_code == 403


def test_a_page_that_forgets_to_ask_cannot_write_either(client, boss, lena, monkeypatch):
    look_as(client, lena, boss)

    def forgetful(request):
        User.objects.filter(pk=request.user.pk).update(name="written")

    monkeypatch.setitem(jinja.PROVIDED, "corner", forgetful)
    with transaction.atomic():
        assert client.get("/portal/").status_code == 403
        transaction.set_rollback(True)
    lena.refresh_from_db()
    assert lena.name == "Lena Muster"


def test_it_ends_by_itself(client, boss, lena):
    look_as(client, lena, boss)
    session = client.session
    session[viewing.SESSION_KEY] |= {"until": session[viewing.SESSION_KEY]["until"] - 31 * 60}
    session.save()
    assert "You see the desk as" not in client.get("/desk/").content.decode()
    assert viewing.SESSION_KEY not in client.session
    assert [event.data["why"] for event in Event.objects.filter(kind="user.viewing_ended")] == ["expired"]


def test_it_ends_when_one_of_both_may_more_or_less_or_goes(client, boss, lena):
    admin = actions.create_user("admin@example.com", name="Admin", role="admin", password=PASSWORD)
    look_as(client, lena, admin)
    assert client.get("/portal/").status_code == 200
    actions.grant(lena, "owner")
    assert client.get("/desk/").status_code == 200
    assert viewing.SESSION_KEY not in client.session
    other = Client()
    agent = actions.create_user("agent@example.com", name="Agent", role="agent")
    look_as(other, agent, admin)
    actions.deactivate(agent, by=SYSTEM)
    assert "You see the desk as" not in other.get("/desk/").content.decode()
    third = Client()
    omar = stories.customer(name="Omar")
    look_as(third, omar, admin)
    Grant.objects.filter(user=admin).delete()
    assert third.get("/setup/").status_code == 403
    assert viewing.SESSION_KEY not in third.session


def test_nobody_looks_as_somebody_who_may_more(client, boss, lena):
    admin = actions.create_user("admin@example.com", name="Admin", role="admin", password=PASSWORD)
    supervisor = actions.create_user("sue@example.com", name="Sue", role="supervisor", password=PASSWORD)
    one_team = stories.staff("agent", team=stories.team("Field"))
    client.force_login(admin)
    for person in (boss, admin):
        client.post(f"/setup/people/{person.pk}/viewing/")
        assert viewing.SESSION_KEY not in client.session
    assert "View as this person" not in client.get(f"/setup/people/{boss.pk}/").content.decode()
    assert "View as this person" in client.get(f"/setup/people/{supervisor.pk}/").content.decode()
    for by in (supervisor, one_team, lena):
        with pytest.raises(actions.NotAllowed):
            actions.begin_viewing(lena if by != lena else one_team, by=by, minutes=1)
    assert not Event.objects.filter(kind="user.viewing_begun").exists()


def test_a_second_factor_that_the_person_lacks_does_not_stand_in_the_way(client, boss):
    agent = actions.create_user("agent@example.com", name="Agent", role="agent")
    Role.objects.filter(slug="agent").update(needs_second_factor=True)
    look_as(client, agent, boss)
    assert client.get("/desk/").status_code == 200


def test_signing_out_ends_both(client, boss, lena):
    look_as(client, lena, boss)
    client.post("/signout/")
    assert client.get("/portal/").status_code == 302
    assert boss.devices.get().ended_at is not None
    assert [event.data["why"] for event in Event.objects.filter(kind="user.viewing_ended")] == ["ended"]


def test_rights_of_the_viewer_stay_his(boss, lena):
    assert rights_of(boss).has("desk.own")
    assert not rights_of(lena).has("desk.own")
    assert Session.objects.count() == 0
    assert reverse("setup:viewing", args=[1]) == "/setup/people/1/viewing/"
