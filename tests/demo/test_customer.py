"""One click per role, playing the customer, and neither without `--demo`."""

from __future__ import annotations

import re
from copy import deepcopy

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import NoReverseMatch, reverse

from deskbell.channels import inbound
from deskbell.channels.actions import add_channel
from deskbell.channels.models import Channel, InboundItem
from deskbell.demo import world
from deskbell.events.deliver import deliver_transaction
from deskbell.events.models import Event
from deskbell.kit.once import new_key
from deskbell.outbox import delivery
from deskbell.outbox.models import OutboxItem
from deskbell.tickets import actions
from deskbell.tickets.content import Content
from deskbell.tickets.models import Ticket
from tests import world as world_of_tests
from tests.support.letters import work_off

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

WHO = "noor.feldt@milltown-dental.example"


named_world = world_of_tests.named_world


@pytest.fixture
def desk(named_world, demo_pages):
    return deepcopy(named_world)


def work() -> None:
    """What the worker does: decide what came in, tell those concerned, send what is to be sent."""
    for item in InboundItem.objects.filter(state="received"):
        inbound.receive(item.pk)
    for xact in Event.objects.order_by("xact").values_list("xact", flat=True).distinct():
        assert deliver_transaction(xact) == []
    for item in OutboxItem.objects.filter(state="queued", recipient=WHO):
        delivery.send_item(item.pk)


def test_without_the_demo_there_are_no_such_addresses(client):
    with pytest.raises(NoReverseMatch):
        reverse("demo:customer")
    for path in ("/demo/customer/", "/demo/reset/", "/demo/signin/"):
        assert client.get(path).status_code == 404
        assert client.post(path).status_code == 404


def test_the_sign_in_page_offers_one_click_for_every_role(client, desk):
    page = client.get("/signin/").content.decode()
    offered = re.findall(r'name="email" value="([^"]+)"', page)
    assert offered == [
        desk[slug].email
        for slug in (
            "owner", "admin", "supervisor", "agent", "engineer", "auditor", "customer_manager", "customer",
            "reader", "organization_reader",
        )
    ]  # fmt: skip
    for address in offered:
        assert client.post("/demo/signin/", {"email": address}).headers["Location"] == "/"
        assert client.session["_auth_user_id"] == str(
            next(u.pk for u in desk.people.values() if u.email == address)
        )


def test_a_click_leads_on_but_never_to_another_site_and_to_nobody_else(client, desk):
    agent = desk["agent"].email
    assert client.post("/demo/signin/", {"email": agent, "next": "/desk/"}).headers["Location"] == "/desk/"
    elsewhere = client.post("/demo/signin/", {"email": agent, "next": "https://elsewhere.example/"})
    assert elsewhere.headers["Location"] == "/"
    client.logout()
    assert client.post("/demo/signin/", {"email": desk["noor"].email}).status_code == 404
    assert "_auth_user_id" not in client.session


def write(client, **values):
    return client.post(
        "/demo/customer/letters/",
        {"as": WHO, "name": "Noor Feldt", "how": "mail", "once": new_key(), **values},
    )


def test_a_mail_goes_through_intake_and_the_answer_comes_back_and_is_answered(client, desk):
    picture = SimpleUploadedFile("till.txt", b"E-204\n", "text/plain")
    sent = write(client, subject="Till is silent", text="It prints nothing.", files=picture)
    assert sent.status_code == 302
    thread = sent.headers["Location"]
    assert "about to be read" in client.get(thread).content.decode()
    work()
    ticket = Ticket.objects.get(subject="Till is silent")
    assert (ticket.requester.email, ticket.channel) == (WHO, "email")
    assert [file.filename for file in ticket.messages.get().attachments.all()] == ["till.txt"]
    assert f"Taken in: ticket #{ticket.number}" in client.get(thread).content.decode()

    actions.reply(ticket, Content.markdown("Is the **roll** in?"), by=desk["agent"])
    work()
    page = client.get(thread).content.decode()
    stem = re.findall(r"/demo/customer/mails/([^/]+)/html/", page)[-1]
    frame = client.get(f"/demo/customer/mails/{stem}/html/", {"as": WHO})
    assert "<strong>roll</strong>" in frame.content.decode()
    assert frame.headers["Content-Security-Policy"].startswith(
        "sandbox allow-popups allow-popups-to-escape-sandbox allow-same-origin; default-src 'none'"
    )
    assert client.get(f"/demo/customer/mails/{stem}/html/", {"as": "doug@marlpit.example"}).status_code == 404

    assert write(client, thread=f"ticket-{ticket.pk}", text="The roll was empty, thanks!").status_code == 302
    work()
    assert [m.new_text.strip() for m in ticket.messages.filter(direction="in").order_by("pk")] == [
        "It prints nothing.", "The roll was empty, thanks!",
    ]  # fmt: skip
    assert InboundItem.objects.get(message_id=ticket.messages.order_by("-pk")[0].pk).state == "added"


def test_the_box_is_sent_again_only_when_something_changed(client, desk):
    page = client.get("/demo/customer/", {"as": WHO}).content.decode()
    stamp = re.search(r"stamp=(\w+)", page)[1]
    again = client.get("/demo/customer/box/", {"as": WHO, "stamp": stamp})
    assert (again.status_code, again.content) == (204, b"")
    write(client, subject="New", text="Words")
    changed = client.get("/demo/customer/box/", {"as": WHO, "stamp": stamp})
    assert changed.status_code == 200
    assert f"stamp={stamp}" not in changed.content.decode()


def test_the_web_form_goes_through_intake_and_opens_one_ticket_of_somebody_new(client, desk):
    values = {"as": "kai@dunes.example", "name": "Kai Dune", "how": "form", "once": new_key()}
    for _ in range(2):
        picture = SimpleUploadedFile("radio.txt", b"FM\n", "text/plain")
        answer = write(client, subject="Question", text="Do you repair radios?", files=picture, **values)
        assert answer.status_code == 302
    thread = answer.headers["Location"]
    assert "about to be read" in client.get(thread).content.decode()
    work()
    ticket = Ticket.objects.get(subject="Question")
    assert (ticket.requester.name, ticket.source) == ("Kai Dune", "webform")
    assert [file.filename for file in ticket.messages.get().attachments.all()] == ["radio.txt"]
    assert f"Taken in: ticket #{ticket.number}" in client.get(thread).content.decode()


def test_a_web_form_that_is_switched_off_says_so_and_opens_nothing(client, desk):
    add_channel("webform", name="Web form")
    Channel.objects.filter(kind="webform").update(state="off")
    answer = write(client, how="form", subject="Question", text="Anybody there?")
    assert answer.status_code == 422
    assert "The web form is switched off. Write a mail." in answer.content.decode()
    assert not InboundItem.objects.exists()


def test_a_sign_in_code_is_among_the_mails_and_is_not_answered(client, desk):
    client.post("/signin/code/", {"email": desk["customer"].email})
    work_off()
    delivery.send_item(OutboxItem.objects.get(recipient=desk["customer"].email, ticket_id=None).pk)
    page = client.get("/demo/customer/", {"as": desk["customer"].email}).content.decode()
    (thread,) = set(re.findall(r"thread=(mail-[^\"]+)", page))
    opened = client.get("/demo/customer/", {"as": desk["customer"].email, "thread": thread}).content.decode()
    assert "is your sign-in code for Lanternfield IT</h2>" in opened
    assert 'name="text"' not in opened


def test_an_empty_letter_is_sent_back_with_a_word_beside_each_field(client, desk):
    answer = write(client, subject=" ", text="")
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Say in a few words what it is about." in page
    assert "Write something first." in page
    assert InboundItem.objects.count() == 0


def test_somebody_new_is_played_under_his_own_address(client, desk):
    answer = client.post("/demo/customer/", {"name": "Kai Dune", "address": "Kai@Dunes.example"})
    assert answer.headers["Location"] == "/demo/customer/?as=kai%40dunes.example&name=Kai+Dune"
    assert "Mails of Kai Dune" in client.get(answer.headers["Location"]).content.decode()
    wrong = client.post("/demo/customer/", {"name": "", "address": "kai"})
    assert wrong.status_code == 422
    assert "Who is it?" in wrong.content.decode()


def test_every_bar_has_the_demo_menu_and_says_when_it_was_made(client, desk):
    client.force_login(desk["agent"], backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get("/desk/").content.decode()
    assert "Reset it for fresh dates." in page
    assert 'href="/demo/customer/"' in page
    assert world.made_at() is not None


def test_an_answer_of_the_stories_can_be_replied_to_although_no_mail_was_sent(client, desk):
    who, ticket = desk["ivo"].email, desk.ticket("share")
    thread = f"ticket-{ticket.pk}"
    page = client.get("/demo/customer/", {"as": who, "thread": thread}).content.decode()
    assert "<strong>Share → Guest</strong>" in page
    answer = client.post(
        "/demo/customer/letters/",
        {"as": who, "name": "Ivo", "how": "mail", "once": new_key(), "thread": thread, "text": "Solved it."},
    )
    assert answer.status_code == 302
    inbound.receive(InboundItem.objects.get().pk)
    assert ticket.messages.order_by("-pk")[0].new_text.strip() == "Solved it."
