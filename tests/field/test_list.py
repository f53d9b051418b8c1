"""My tickets on the phone: which, in what order, and how to get there."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from deskbell.events.actor import SYSTEM
from deskbell.people import actions as people
from deskbell.tickets import actions
from deskbell.tickets.content import Content
from tests import stories

NOON = datetime(2031, 5, 4, 12, tzinfo=UTC)


def subjects(page) -> list[str]:
    return re.findall(r'<span class="field-subject">(.+?) <span', page.content.decode())


def test_my_open_tickets_stand_by_due_date_then_priority(phone, world):
    world.ticket("no date, urgent", priority=4)
    world.ticket("later", due_at=NOON + timedelta(days=1), priority=4)
    world.ticket("same time, low", due_at=NOON, priority=1)
    world.ticket("same time, high", due_at=NOON, priority=3)
    world.ticket("no date, normal")
    actions.resolve(world.ticket("done already", due_at=NOON), by=stories.staff("agent"))
    actions.trash(world.ticket("in the trash", due_at=NOON), by=stories.staff("agent"))
    world.ticket("somebody else's", assignee=stories.staff("engineer"))
    world.ticket("nobody's", assignee=None)
    assert subjects(phone.get("/field/")) == [
        "same time, high",
        "same time, low",
        "later",
        "no date, urgent",
        "no date, normal",
    ]


def test_a_card_says_what_is_late_and_how_to_get_there(phone, world):
    ticket = world.ticket(due_at=timezone.now() - timedelta(hours=1))
    actions.note(ticket, Content.markdown("Bring the **long** ladder"), by=world.engineer)
    page = phone.get("/field/", headers={"User-Agent": "Android"}).content.decode()
    assert re.search(r"Overdue since [A-Z]", page)
    for shown in (
        "Lena",
        "Quayside",
        "Warehouse",
        "Dock Road 7<br>Milltown",
        "Gate 7",
        "Bring the long ladder",
    ):
        assert shown in page
    assert re.findall(r'href="(tel:.+?|https://wa.me.+?|geo:.+?)"', page) == [
        "tel:+441632960117",
        "https://wa.me/441632960117",
        "geo:0,0?q=Dock%20Road%207%20Milltown",
    ]


@pytest.mark.parametrize(
    ("agent", "link"),
    [
        ("Mozilla/5.0 (iPhone)", "https://maps.apple.com/?q=Dock%20Road%207%20Milltown"),
        ("Mozilla/5.0 (X11)", "https://www.openstreetmap.org/search?query=Dock%20Road%207%20Milltown"),
    ],
)
def test_the_map_is_one_the_device_knows(phone, world, agent, link):
    world.ticket()
    assert link in phone.get("/field/", headers={"User-Agent": agent}).content.decode()


def test_without_tickets_the_page_says_what_will_come(phone):
    assert "No open ticket is assigned to you." in phone.get("/field/").content.decode()


@pytest.mark.slow
def test_sixty_tickets_cost_as_many_queries_as_one(phone, world):
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert phone.get("/field/").status_code == 200
        return len(found)

    world.ticket()
    one = queries()
    for _ in range(59):
        world.ticket(due_at=NOON)
    assert queries() == one <= 12
    assert len(subjects(phone.get("/field/"))) == 60


def test_a_ticket_of_a_one_site_customer_is_there(world):
    assert world.ticket().site == world.site
    people.create_site(world.site.organization, "Office")
    assert world.ticket().site is None


def test_home_is_the_phone_page_for_engineers_alone(phone, sign_in):
    assert phone.get("/").headers["Location"] == "/field/"
    assert sign_in(stories.staff("agent")).get("/").headers["Location"] == "/desk/home/"
    both = stories.staff("engineer")
    people.grant(both, "agent")
    assert sign_in(both).get("/").headers["Location"] == "/desk/home/"


def test_the_signed_out_are_asked_on_a_page_of_its_own_and_come_back(db):
    agent = stories.staff("agent")
    people.set_password(agent, "quiet-harbour-41", how="made", by=SYSTEM)
    browser = Client()
    asked = browser.get("/field/tickets/new/")
    assert asked.headers["Location"] == "/field/signin/?next=%2Ffield%2Ftickets%2Fnew%2F"
    given = {"login": agent.email, "password": "quiet-harbour-41"}
    entered = browser.post("/field/signin/", given | {"next": "/field/tickets/new/"})
    assert (entered.status_code, entered.headers["Location"]) == (302, "/field/tickets/new/")
    other = Client()
    assert other.post("/field/signin/", given).headers["Location"] == "/field/"
    assert (
        other.post("/field/signin/", given | {"next": "https://evil.example/"}).headers["Location"]
        == "/field/"
    )


def test_a_wrong_password_stays_on_the_phone_s_page(db):
    answer = Client().post("/field/signin/", {"login": "kofi@desk.example", "password": "wrong"})
    assert "On the road" in answer.content.decode()


def test_a_script_of_a_signed_out_phone_hears_401_and_loses_nothing(db):
    for headers in ({"HX-Request": "true"}, {"Accept": "application/json"}):
        assert Client().post("/field/tickets/1/messages/", {"text": "x"}, headers=headers).status_code == 401


def test_the_phone_may_put_it_on_its_home_screen(db):
    answer = Client().get("/field/manifest.webmanifest")
    assert answer.headers["Content-Type"] == "application/manifest+json"
    manifest = json.loads(answer.content)
    assert (manifest["scope"], manifest["start_url"], manifest["display"]) == (
        "/field/",
        "/field/",
        "standalone",
    )
    assert {icon["sizes"] for icon in manifest["icons"]} == {"192x192", "512x512"}
