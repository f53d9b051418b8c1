"""One ticket by a link, without a sign-in."""

from __future__ import annotations

import html
import logging
import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from deskbell.channels.webform import limits
from deskbell.events.models import Event
from deskbell.people import actions as people
from deskbell.people import companies
from deskbell.people.models import Company, User
from deskbell.tickets import actions
from deskbell.tickets.actions.passes import make_pass
from deskbell.tickets.content import Content
from deskbell.tickets.models import Message, Ticket, TicketPass
from tests.stories import customer, fresh, organization, staff, ticket

GONE = "It is too old or was ended, or the ticket is not there any more."
DEAD = ("trashed", "deleted", "expired", "ended", "closed account", "off", "copy gone")
KEY = "abcdefghijklmnopqrstuv"


@pytest.fixture
def shown(db, settings, tmp_path) -> Ticket:
    settings.FILES_DIR = tmp_path / "files"
    return ticket(customer(organization("Acme"), name="Lena Hart"))


def enter(browser: Client, shown: Ticket, who: User | None = None):
    return browser.get(f"/portal/link/open/{make_pass(shown, who or shown.requester)}/")


def path_of(shown: Ticket) -> str:
    return f"/portal/link/{TicketPass.objects.get(ticket=shown, revoked_at=None).pk}/"


@pytest.mark.parametrize("why", ["password", "staff", "off"])
def test_others_are_led_to_the_sign_in(shown, why):
    from deskbell.notifications.links import of_ticket

    person = shown.requester
    if why == "password":
        people.set_password(person, "long-enough-9", how="made", by=person)
    elif why == "staff":
        people.grant(person, "agent")
    else:
        people.change_company(by=staff("owner"), ticket_link_days=0)
    assert "/portal/link/" not in of_ticket(shown, User.objects.get(pk=person.pk))
    assert TicketPass.objects.count() == 0


def test_the_page_is_for_nobody_else_s_eyes(client, shown, caplog):
    with caplog.at_level(logging.DEBUG, "django.request"):
        answer = enter(client, shown)
        page = client.get(answer.url)
        client.get("/portal/link/open/forged:token/")
    for each in (answer, page):
        assert each["Cache-Control"] == "private, no-store"
        assert each["X-Robots-Tag"] == "noindex, nofollow, noarchive"
        assert each["Referrer-Policy"] == "same-origin"
    assert "/open/" not in page.content.decode()
    assert caplog.records == []


def test_an_answer_is_written_once_as_the_person_with_its_files(client, shown):
    enter(client, shown)
    for _ in range(2):
        file = SimpleUploadedFile("log.txt", b"words")
        answer = client.post(
            path_of(shown) + "replies/", {"text": "It burns", "files": file, "once": KEY}, follow=True
        )
    assert "It burns" in answer.content.decode()
    message = Message.objects.order_by("-pk")[0]
    assert Message.objects.count() == 2
    assert (message.author, message.direction, message.visibility) == (shown.requester, "in", "public")
    kept = message.attachments.get()
    assert client.get(f"/portal/link/files/{kept.pk}/").status_code == 200
    assert Client().get(f"/portal/link/files/{kept.pk}/").status_code == 404


def test_an_answer_reopens_and_an_empty_one_is_refused(client, shown):
    actions.resolve(shown, by=staff())
    enter(client, shown)
    assert client.post(path_of(shown) + "replies/", {"text": " ", "once": KEY}).status_code == 422
    assert fresh(shown).category == "resolved"
    client.post(path_of(shown) + "replies/", {"text": "Not yet", "once": KEY})
    assert fresh(shown).category == "open"


def test_answers_are_limited(client, shown, monkeypatch):
    monkeypatch.setattr(limits, "PER_LINK", 2)
    enter(client, shown)
    for n in range(3):
        answer = client.post(path_of(shown) + "replies/", {"text": f"{n}", "once": f"{KEY}{n}"})
    assert answer.status_code == 422
    assert "That were many messages within the hour." in answer.content.decode()
    assert Message.objects.count() == 3


@pytest.mark.parametrize("why", DEAD)
def test_a_dead_link_says_what_to_do_and_takes_nothing(client, shown, why):
    owner, person = staff("owner"), shown.requester
    if why == "copy gone":
        person = customer()
        actions.add_copy(shown, person, by=owner)
    token = make_pass(shown, person)
    client.get(f"/portal/link/open/{token}/")
    path = path_of(shown)
    assert client.get(path).status_code == 200
    if why in {"trashed", "deleted"}:
        actions.trash(shown, by=owner)
    if why == "deleted":
        actions.delete_for_ever(shown, by=owner)
    elif why == "expired":
        TicketPass.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif why == "ended":
        client_of_desk = Client()
        client_of_desk.force_login(owner)
        client_of_desk.post(f"/desk/tickets/{shown.number}/links/ending/")
    elif why == "closed account":
        people.deactivate(person, by=owner)
    elif why == "off":
        people.change_company(by=owner, ticket_link_days=0)
    elif why == "copy gone":
        actions.remove_copy(shown, person, by=owner)
    before = Message.objects.count()
    for answer in (
        client.get(path),
        client.get(f"/portal/link/open/{token}/"),
        client.post(path + "replies/", {"text": "x", "once": KEY}),
    ):
        assert answer.status_code == 410
        assert GONE in answer.content.decode()
    assert Message.objects.count() == before


def test_who_holds_a_link_ends_it_and_a_later_mail_brings_another(client, shown):
    enter(client, shown)
    path = path_of(shown)
    assert GONE in client.post(path + "ending/").content.decode()
    assert client.get(path).status_code == 410
    kinds = Event.objects.filter(
        about_kind="ticket", kind="ticket.passes_revoked", actor_id=shown.requester_id
    )
    assert kinds.get().data == {"passes": 1}
    assert client.get(enter(client, shown).url).status_code == 200
    assert client.get(path).status_code == 410


def test_an_open_page_hears_what_is_new_and_of_its_end(client, shown):
    enter(client, shown)
    path = path_of(shown)
    asks = re.search(r'hx-get="([^"]+)" hx-trigger="every 15s"', client.get(path).content.decode())[1]
    htmx = {"HTTP_HX_REQUEST": "true"}
    assert client.get(html.unescape(asks), **htmx).status_code == 204

    actions.note(fresh(shown), Content.markdown("Only we see this."), by=staff("owner"))
    assert client.get(html.unescape(asks), **htmx).status_code == 204

    actions.reply(fresh(shown), Content.markdown("It was the cable."), by=staff("owner"))
    told = client.get(html.unescape(asks), **htmx).content.decode()
    assert "It was the cable." in told
    assert "<html" not in told and "<form" not in told

    client.post(path + "ending/")
    assert client.get(html.unescape(asks), **htmx)["HX-Refresh"] == "true"


def test_a_pass_is_of_no_use_in_another_browser(client, shown):
    enter(client, shown)
    stranger = Client()
    assert stranger.get(path_of(shown)).status_code == 410
    assert stranger.post(path_of(shown) + "replies/", {"text": "x"}).status_code == 410
    assert Message.objects.count() == 1


def test_who_is_signed_in_and_sees_the_ticket_gets_its_page(client, shown):
    client.force_login(shown.requester)
    assert enter(client, shown).url == f"/portal/tickets/{shown.number}/"


def test_a_reader_gets_no_form(client, shown):
    people.grant(shown.requester, "read_only")
    enter(client, shown)
    assert "replies/" not in client.get(path_of(shown)).content.decode()
    client.post(path_of(shown) + "replies/", {"text": "x", "once": KEY})
    assert Message.objects.count() == 1


def test_the_company_sets_how_long_links_last(client, shown):
    assert companies.company().ticket_link_days == 30
    people.change_company(by=staff("owner"), ticket_link_days=3)
    make_pass(shown, shown.requester)
    left = TicketPass.objects.get().expires_at - timezone.now()
    assert timedelta(days=2, hours=23) < left <= timedelta(days=3)
    assert Company.objects.get().ticket_link_days == 3
