"""Who writes by WhatsApp when nobody is there is told when somebody is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deskbell.channels.models import WhatsAppNumber
from deskbell.events.actor import SYSTEM
from deskbell.people import actions as people
from deskbell.people.actions import change_company
from deskbell.people.models import Company
from deskbell.tickets import actions as tickets
from deskbell.tickets.models import Ticket
from tests.channels.chatting import ASHA, only_ticket, work
from tests.stories import fresh, staff


def open_on(*days: int, span: tuple[str, str] = ("00:00", "24:00")) -> None:
    """Whole days from today, by their distance; closed on all others."""
    today = timezone.now().weekday()
    week = [[list(span)] if any((today + each) % 7 == day for each in days) else [] for day in range(7)]
    change_company(by=SYSTEM, hours={"zone": "UTC", "week": week, "closed": []})


@pytest.fixture
def greeting(number):
    WhatsAppNumber.objects.update(greets=True)
    return number


def said(sim) -> list[str]:
    return [each.text for each in sim.sent]


def test_the_first_message_is_answered_with_both_in_one(greeting, post, sim):
    open_on(1, span=("09:00", "17:00"))
    post(sim.text(ASHA, "Hello"))
    work()
    post(sim.text(ASHA, "Anybody?"))
    work()
    (one,) = said(sim)
    assert f"Your ticket is #{only_ticket().number}" in one
    assert "Nobody is here right now; we are back tomorrow at 9:00" in one.replace("09:00", "9:00")


def test_a_later_message_is_answered_once_for_its_ticket(greeting, post, sim):
    open_on(0)
    post(sim.text(ASHA, "Hello"))
    work()
    assert len(said(sim)) == 1
    assert "Nobody" not in said(sim)[0]
    open_on(3)
    for words in ("More", "And more"):
        post(sim.text(ASHA, words))
        work()
    assert len(said(sim)) == 2
    weekday = (timezone.now() + timedelta(days=3)).strftime("%A")
    assert f"we are back on {weekday}" in said(sim)[1]


@pytest.mark.parametrize("how", ["off", "no hours", "open", "no greeting"])
def test_it_is_said_only_where_it_is_wanted_and_true(greeting, post, sim, how):
    if how == "off":
        WhatsAppNumber.objects.update(tells_hours=False)
    if how == "no greeting":
        WhatsAppNumber.objects.update(greets=False)
    if how != "no hours":
        open_on(0 if how == "open" else 2)
    post(sim.text(ASHA, "Hello"))
    work()
    (one,) = said(sim)
    assert ("Nobody is here" in one) is (how == "no greeting")
    assert ("Your ticket is" in one) is (how != "no greeting")


def test_the_hours_are_set_on_a_page_that_names_what_it_does_not_understand(greeting, client: Client):
    client.force_login(staff("admin"), backend="allauth.account.auth_backends.AuthenticationBackend")
    path = reverse("setup:hours")
    assert "No hours are set" in client.get(path).content.decode()
    form = {"zone": "Asia/Kolkata", "day_0": "9:00-12:30, 13:30-17:00", "closed": "2026-12-25 Christmas Day"}
    wrong = client.post(path, {**form, "day_1": "9 to", "closed": "25.12.2026 x"})
    page = wrong.content.decode()
    assert wrong.status_code == 422
    assert "Not understood: 9 to" in page
    assert "Not a date: 25.12.2026 x" in page
    assert "9:00-12:30, 13:30-17:00" in page
    assert not Company.objects.filter(hours__has_key="zone").exists()
    assert client.post(path, form).status_code == 302
    assert Company.objects.get().hours == {
        "zone": "Asia/Kolkata",
        "week": [[["09:00", "12:30"], ["13:30", "17:00"]], *[[]] * 6],
        "closed": [["2026-12-25", "Christmas Day"]],
    }
    page = client.get(path).content.decode()
    assert "09:00–12:30, 13:30–17:00" in page
    assert "2026-12-25 Christmas Day" in page


def test_a_ticket_that_opens_again_stays_with_who_had_it_unless_he_has_left(greeting, post, sim):
    agent = staff()
    post(sim.text(ASHA, "Hello"))
    whole = only_ticket()
    tickets.change(whole, by=staff(), assignee=agent)
    tickets.resolve(whole, by=agent)
    post(sim.text(ASHA, "It is broken again"))
    assert (fresh(whole).category, fresh(whole).assignee_id) == ("open", agent.pk)
    tickets.resolve(fresh(whole), by=agent)
    people.deactivate(agent, by=SYSTEM)
    post(sim.text(ASHA, "And again"))
    assert (fresh(whole).category, fresh(whole).assignee_id) == ("open", None)
    assert Ticket.objects.count() == 1
