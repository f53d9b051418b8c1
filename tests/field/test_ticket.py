"""On site, waiting, done; words and photos once; a new ticket from the phone."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from deskbell.events.models import Event
from deskbell.people.models import User
from deskbell.tickets import actions
from deskbell.tickets.content import Content
from deskbell.tickets.models import Attachment, Message, Ticket
from tests import stories

KEY = "a-key-of-the-phone-1"


def post(phone, ticket, text="", *, step="say", visibility="internal", **more):
    given = {"text": text, "step": step, "visibility": visibility, **more}
    return phone.post(f"/field/tickets/{ticket.number}/messages/", given)


def messages(ticket) -> list[tuple[str, str]]:
    """(visibility, text) of what followed the first message."""
    found = Message.objects.filter(ticket=ticket).order_by("pk").values_list("visibility", "text")
    return list(found)[1:]


def told(ticket) -> list[bool]:
    """Of each change of status: whether the customer is told of it by itself."""
    return list(
        Event.objects.filter(about_kind="ticket", about_id=ticket.pk, kind="ticket.status_changed")
        .order_by("pk")
        .values_list("data__tell", flat=True)
    )


def test_on_site_notes_the_time_and_sets_in_progress(phone, world):
    ticket = world.ticket()
    assert (
        post(phone, ticket, "At gate 7", step="arrive").headers["Location"]
        == f"/field/tickets/{ticket.number}/"
    )
    ((visibility, text),) = messages(ticket)
    assert visibility == "internal"
    first, _, rest = text.partition("\n\n")
    assert re.fullmatch(r"On site since \d+:\d\d.[AP]M", first) and rest == "At gate 7"
    now = stories.fresh(ticket)
    assert (now.status.slug, now.assignee) == ("on-site", world.engineer)


def test_on_site_with_words_for_the_customer_keeps_the_note_inside(phone, world):
    ticket = world.ticket()
    post(phone, ticket, "I am at your gate.", step="arrive", visibility="public")
    (note, said) = messages(ticket)
    assert note[0] == "internal" and note[1].startswith("On site since ")
    assert said == ("public", "I am at your gate.")


def test_an_agent_on_site_takes_the_ticket(world, sign_in):
    agent, ticket = stories.staff("agent"), world.ticket()
    post(sign_in(agent), ticket, step="arrive")
    assert stories.fresh(ticket).assignee == agent


@pytest.mark.parametrize(("step", "category"), [("wait", "pending"), ("done", "resolved")])
@pytest.mark.parametrize("visibility", ["internal", "public"])
def test_waiting_and_done_say_why_and_set_the_status(phone, world, step, category, visibility):
    ticket = world.ticket()
    answer = post(phone, ticket, "The cage must go", step=step, visibility=visibility)
    assert answer.headers["Location"] == "/field/"
    assert messages(ticket) == [(visibility, "The cage must go")]
    assert stories.fresh(ticket).category == category
    # a message tells the customer already, a note does not
    assert told(ticket)[-1] is (visibility == "internal")


@pytest.mark.parametrize("step", ["wait", "done"])
def test_waiting_and_done_need_words(phone, world, step):
    ticket = world.ticket()
    before = Event.objects.count()
    answer = post(phone, ticket, "  ", step=step)
    assert answer.status_code == 422
    assert "field-error" in answer.content.decode()
    assert (messages(ticket), stories.fresh(ticket).category, Event.objects.count()) == ([], "new", before)


def test_done_says_whether_the_customer_is_told(phone, world):
    ticket = world.ticket()
    page = phone.get(f"/field/tickets/{ticket.number}/").content.decode()
    assert "With Done, Lena gets a mail that it is resolved." in page
    assert (
        "Lena gets a mail about it." in phone.get(post(phone, ticket, "x", step="done").url).content.decode()
    )
    User.objects.filter(pk=world.customer.pk).update(email=None)
    other = world.ticket()
    page = phone.get(f"/field/tickets/{other.number}/").content.decode()
    assert "With Done, nobody is told: Lena has no mail address." in page


def test_the_same_form_sent_twice_is_one_message_and_its_receipt_says_so(phone, world):
    ticket = world.ticket()
    assert phone.get(f"/field/receipts/{KEY}/").json() == {"accepted": False}
    for _ in range(2):
        assert post(phone, ticket, "Cable changed", step="wait", once=KEY).status_code == 302
    assert messages(ticket) == [("internal", "Cable changed")]
    assert phone.get(f"/field/receipts/{KEY}/").json() == {"accepted": True}
    answer = post(phone, ticket, "Something else", once=KEY)
    assert answer.status_code == 422
    assert messages(ticket) == [("internal", "Cable changed")]


def test_a_receipt_is_one_s_own(phone, world, sign_in):
    post(phone, world.ticket(), "Mine", once=KEY)
    assert sign_in(stories.staff("engineer")).get(f"/field/receipts/{KEY}/").json() == {"accepted": False}


def test_a_message_that_crossed_another_waits_for_a_second_look(phone, world):
    ticket = world.ticket()
    seen = stories.fresh(ticket).last_message_id
    actions.customer_reply(ticket, Content.markdown("It works again"), by=world.customer)
    answer = post(phone, ticket, "I come tomorrow", visibility="public", after=seen)
    assert answer.status_code == 422
    assert "I come tomorrow" in answer.content.decode()
    assert len(messages(ticket)) == 1
    assert post(
        phone, ticket, "I come anyway", visibility="public", after=stories.fresh(ticket).last_message_id
    )
    assert messages(ticket)[-1] == ("public", "I come anyway")


def upload(phone, content: bytes, key: str):
    file = SimpleUploadedFile("photo.jpg", content, content_type="image/jpeg")
    return phone.post("/field/uploads/", {"file": file, "key": key})


def test_a_photo_sent_again_under_its_key_is_the_same_upload(phone, world):
    first, second = upload(phone, b"light", KEY), upload(phone, b"light", KEY)
    assert first.json() == second.json()
    assert Attachment.objects.count() == 1
    assert upload(phone, b"dark", KEY).status_code == 409
    assert Attachment.objects.count() == 1
    ticket = world.ticket()
    post(phone, ticket, "See", uploads=[first.json()["id"]])
    assert upload(phone, b"light", KEY).json() == first.json()
    assert list(Attachment.objects.values_list("message__ticket", flat=True)) == [ticket.pk]


def test_keys_of_photos_are_each_person_s_own(phone, sign_in):
    other = sign_in(stories.staff("engineer"))
    assert upload(phone, b"light", KEY).json()["id"] != upload(other, b"dark", KEY).json()["id"]


def test_a_photo_that_was_thrown_away_does_not_come_back(world):
    kept = actions.upload(BytesIO(b"light"), filename="a.jpg", by=world.engineer, key=KEY)
    actions.discard_upload(kept, by=world.engineer)
    with pytest.raises(actions.UploadGone):
        actions.upload(BytesIO(b"light"), filename="a.jpg", by=world.engineer, key=KEY)


def test_the_page_shows_notes_as_such_and_newest_first(phone, world):
    ticket = world.ticket(text="The first words")
    actions.note(ticket, Content.markdown("A note inside"), by=world.engineer)
    page = phone.get(f"/field/tickets/{ticket.number}/").content.decode()
    assert page.index("A note inside") < page.index("The first words")
    assert "message-note" in page
    assert "Gate 7" in page


@pytest.mark.slow
def test_a_page_costs_no_more_for_thirty_messages_than_for_one(phone, world):
    ticket = world.ticket()

    def cost() -> int:
        with CaptureQueriesContext(connection) as found:
            assert phone.get(f"/field/tickets/{ticket.number}/").status_code == 200
        return len(found)

    actions.note(ticket, Content.markdown("once"), by=world.engineer)
    cost()  # the first visit marks the ticket as read
    one = cost()
    for n in range(29):
        actions.note(ticket, Content.markdown(f"note {n}"), by=world.engineer)
    cost()
    assert cost() <= one <= 14


def test_a_ticket_of_somebody_else_is_not_there_and_takes_nothing(phone, world):
    ticket = world.ticket(assignee=None)
    assert phone.get(f"/field/tickets/{ticket.number}/").status_code == 404
    answer = post(phone, ticket, "Words that must not be lost", step="done")
    assert answer.status_code == 404
    assert "Words that must not be lost" in answer.content.decode()
    assert messages(ticket) == []


def test_an_auditor_reads_but_writes_nothing(world, sign_in):
    auditor, ticket = sign_in(stories.staff("auditor")), world.ticket()
    assert (
        "You may read this ticket, but not write in it."
        in auditor.get(f"/field/tickets/{ticket.number}/").content.decode()
    )
    for step in ("say", "arrive", "wait", "done"):
        assert post(auditor, ticket, "Words", step=step).status_code == 403
    assert (messages(ticket), stories.fresh(ticket).category) == ([], "new")


# --- a new ticket -----------------------------------------------------------------------------------


def open_one(browser, /, **given):
    return browser.post("/field/tickets/new/", {"subject": "Printer", "text": "Jams", "mine": "on", **given})


def test_a_new_ticket_for_a_known_customer_has_his_site_and_photos(phone, world):
    world.ticket()
    photo = upload(phone, b"light", KEY).json()["id"]
    answer = open_one(phone, customer=world.customer.pk, site=world.site.pk, uploads=[photo])
    ticket = Ticket.objects.latest("pk")
    assert answer.headers["Location"] == f"/field/tickets/{ticket.number}/"
    assert (ticket.requester, ticket.site, ticket.assignee) == (world.customer, world.site, world.engineer)
    assert Attachment.objects.get(pk=photo).message == ticket.messages.get()


def test_a_new_ticket_for_a_stranger_is_opened_once(phone, world):
    for _ in range(2):
        open_one(phone, name="Ole", phone="+44 1632 960444", once=KEY)
    ticket = Ticket.objects.get()
    assert ticket.requester.name == "Ole"
    assert ticket.requester.identities.get().key == "+441632960444"


def test_a_number_the_desk_knows_is_that_customer(phone, world):
    open_one(phone, name="Somebody", phone="+44 1632 960117")
    assert Ticket.objects.get().requester == world.customer


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "Who is it for?"),
        ({"name": "Ole", "phone": "12"}, "country code"),
        ({"name": "Ole", "email": "ole@"}, "not an e-mail address"),
        ({"name": "Ole", "subject": ""}, "Say in a few words"),
    ],
)
def test_a_refused_ticket_says_why_and_keeps_every_word(phone, world, given, words):
    answer = open_one(phone, **given)
    assert answer.status_code == 422
    assert words in answer.content.decode() and "Jams" in answer.content.decode()
    assert Ticket.objects.count() == 0


def test_an_engineer_finds_the_people_of_his_tickets_and_nobody_else(phone, world):
    stranger = stories.customer(name="Lenox")
    assert "Lena" not in phone.get("/field/people/?q=Len").content.decode()
    assert open_one(phone, customer=world.customer.pk).status_code == 422
    world.ticket()
    page = phone.get("/field/people/?q=Len").content.decode()
    assert "Lena" in page and "Lenox" not in page
    assert phone.get(f"/field/people/{world.customer.pk}/").status_code == 200
    assert phone.get(f"/field/people/{stranger.pk}/").status_code == 404
    assert open_one(phone, customer=stranger.pk).status_code == 422
    assert Ticket.objects.count() == 1
