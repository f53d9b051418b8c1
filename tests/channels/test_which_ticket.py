"""A customer with several open tickets is asked which one he means; until he says, his message waits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from deskbell.channels.actions import questions, webhooks
from deskbell.channels.models import AwaitedFile, InboundItem, ParkedMessage, TicketQuestion
from deskbell.channels.whatsapp.interactive import BODY, Option, buttons, listing
from deskbell.demo.whatsapp.sim import check_interactive, options_of
from deskbell.events.models import Event
from deskbell.outbox.models import OutboxItem
from deskbell.tickets import actions as tickets
from deskbell.tickets import rules
from deskbell.tickets.models import Attachment, Message, Ticket
from tests.channels.chatting import ASHA, PNG, answer, read, work
from tests.stories import customer, fresh, staff
from tests.stories import ticket as other_ticket


@pytest.fixture
def two(post, sim) -> tuple[Ticket, Ticket]:
    """Two open tickets of one chat, the printer and the newer VPN, silent for three hours."""
    post(sim.text(ASHA, "The printer is offline", name="Asha Rao"))
    printer = Ticket.objects.get()
    vpn = tickets.open_ticket(
        requester=printer.requester,
        subject="The VPN is slow",
        content=tickets_content("The VPN is slow"),
        by=printer.requester,
        source="whatsapp",
        channel="whatsapp",
        conversation=printer.conversation,
    )
    age(timedelta(hours=3))
    return fresh(printer), fresh(vpn)


def tickets_content(words: str):
    from deskbell.tickets.content import Content

    return Content(text=words, markup="plain")


def age(by: timedelta) -> None:
    """Everything that was said and asked is that much older."""
    from django.db.models import F

    Message.objects.update(created_at=F("created_at") - by)
    TicketQuestion.objects.update(asked_at=F("asked_at") - by)
    TicketQuestion.objects.exclude(decided_at=None).update(decided_at=F("decided_at") - by)


def asked(sim):
    work()
    (sent,) = (each for each in sim.sent if each.body["type"] == "interactive")
    return sent


def in_(ticket: Ticket) -> list[str]:
    return list(Message.objects.filter(ticket=ticket).order_by("pk").values_list("text", flat=True))


def test_he_is_asked_by_a_list_and_his_choice_takes_the_message(two, post, sim):
    printer, vpn = two
    post(sim.text(ASHA, "Still not working"))
    item = InboundItem.objects.latest("pk")
    assert (item.state, item.reason, item.ticket_id) == ("annotated", "parked", None)
    assert in_(printer) == ["The printer is offline"] and in_(vpn) == ["The VPN is slow"]
    question = asked(sim)
    node = question.body["interactive"]
    assert question.body["to"] == f"+{ASHA}"
    assert [each[0] for each in options_of(node)] == [f"tkt:{vpn.number}", f"tkt:{printer.number}", "tkt:new"]
    assert f"2. #{printer.number} The printer is offline\n3. New request" in node["body"]["text"]

    post(sim.choice(ASHA, question.wamid, f"tkt:{printer.number}", "whatever it says"))
    assert in_(printer) == ["The printer is offline", "Still not working"]
    assert in_(vpn) == ["The VPN is slow"]
    item.refresh_from_db()
    assert (item.state, item.reason, item.ticket_id) == ("added", "placed_customer", printer.pk)
    assert item.message_id == Message.objects.get(text="Still not working").pk
    assert InboundItem.objects.latest("pk").reason == "question_answered"
    assert not ParkedMessage.objects.exists()
    assert Event.objects.filter(kind="ticket.message_placed", about_id=printer.pk).count() == 1
    assert fresh(printer).last_message_id == item.message_id


@pytest.mark.parametrize(
    ("typed", "chosen"),
    [
        ("1", "vpn"),
        ("2", "printer"),
        ("2.", "printer"),
        (" #{printer} ", "printer"),
        ("{vpn}", "vpn"),
        ("3", ""),
    ],
)
def test_a_number_typed_is_an_answer(two, post, sim, typed, chosen):
    printer, vpn = two
    post(sim.text(ASHA, "Still not working"))
    post(sim.text(ASHA, typed.format(printer=printer.number, vpn=vpn.number)))
    placed = Message.objects.get(text="Still not working").ticket
    if chosen:
        assert placed == {"vpn": vpn, "printer": printer}[chosen]
    else:
        assert placed.subject == "Still not working" and placed not in two
        assert placed.conversation == printer.conversation


@pytest.mark.parametrize("words", ["7", "2 printers are down", "0", "tkt:new"])
def test_what_is_no_answer_waits_with_the_rest(two, post, sim, words):
    post(sim.text(ASHA, "Still not working"))
    post(sim.text(ASHA, words))
    assert ParkedMessage.objects.count() == 2
    work()
    assert len([each for each in sim.sent if each.body["type"] == "interactive"]) == 1
    post(sim.text(ASHA, "1"))
    assert in_(two[1]) == ["The VPN is slow", "Still not working", words]


def test_an_option_that_was_never_offered_chooses_nothing(two, post, sim):
    foreign = other_ticket(customer())
    post(sim.text(ASHA, "Still not working"))
    post(sim.choice(ASHA, "wamid.x", f"tkt:{foreign.number}", "Sneaky"))
    assert in_(foreign) == ["The printer is offline."]
    assert ParkedMessage.objects.count() == 2


def test_without_an_answer_the_ticket_that_moved_last_takes_it(two, post, sim):
    post(sim.text(ASHA, "Still not working"))
    assert questions.due() == []
    age(timedelta(minutes=16))
    (pk,) = questions.due()
    questions.place_unanswered(pk)
    questions.place_unanswered(pk)
    assert in_(two[1]) == ["The VPN is slow", "Still not working"]
    assert InboundItem.objects.latest("pk").reason == "placed_time"


def test_an_answer_after_the_time_is_noted_and_the_chat_goes_on_there(two, post, sim):
    printer, vpn = two
    post(sim.text(ASHA, "Still not working"))
    age(timedelta(minutes=16))
    questions.place_unanswered(questions.due()[0])
    post(sim.text(ASHA, "2"))
    note = Message.objects.latest("pk")
    assert (note.ticket, note.visibility) == (printer, "internal")
    assert f"It stands in #{vpn.number}." in note.text
    post(sim.text(ASHA, "It beeps"))
    assert Message.objects.get(text="It beeps").ticket == printer


def test_he_is_asked_once_in_twelve_hours(two, post, sim):
    post(sim.text(ASHA, "Still not working"))
    post(sim.text(ASHA, "2"))
    age(timedelta(hours=3))
    post(sim.text(ASHA, "And now?"))
    assert InboundItem.objects.latest("pk").reason == "chat_latest"
    age(timedelta(hours=10))
    post(sim.text(ASHA, "Hello?"))
    assert TicketQuestion.objects.count() == 2


def test_within_two_hours_the_chat_goes_on_with_what_it_was_about(two, post, sim):
    printer, _vpn = two
    answer(printer, "Is it on?")
    post(sim.text(ASHA, "Yes"))
    assert in_(printer)[-1] == "Yes"
    assert InboundItem.objects.latest("pk").reason == "chat_lately"
    assert not TicketQuestion.objects.exists()


def test_a_quote_or_a_number_in_the_text_asks_nothing_and_answers_the_question(two, post, sim):
    printer, _vpn = two
    post(sim.text(ASHA, "Still not working"))
    post(sim.text(ASHA, f"I mean #{printer.number} of course"))
    assert in_(printer)[1:] == ["Still not working", f"I mean #{printer.number} of course"]
    assert TicketQuestion.objects.get().how == "customer"


def test_a_thank_you_asks_nothing(two, post, sim):
    post(sim.text(ASHA, "Thanks 👍"))
    assert not TicketQuestion.objects.exists()


def test_a_number_that_does_not_ask_takes_the_ticket_that_moved_last(two, number, post, sim):
    number.whatsapp.asks = False
    number.whatsapp.save()
    post(sim.text(ASHA, "Still not working"))
    assert in_(two[1])[-1] == "Still not working"


def test_a_photo_that_waits_keeps_its_file_and_one_that_comes_late_finds_it(two, post, sim):
    shy = sim.file(ASHA, "image", PNG + b"2", "image/png")
    sim.shy = {shy["image"]["id"]: 1}
    post(sim.file(ASHA, "image", PNG, "image/png", caption="look"), shy)
    assert ParkedMessage.objects.count() == 2
    post(sim.text(ASHA, "1"))
    webhooks.fetch_awaited(AwaitedFile.objects.get().pk)
    assert {file.message.ticket for file in Attachment.objects.all()} == {two[1]}
    assert Attachment.objects.count() == 2


def test_a_file_that_comes_while_its_message_waits_goes_along(two, post, sim):
    shy = sim.file(ASHA, "image", PNG, "image/png")
    sim.shy = {shy["image"]["id"]: 1}
    post(shy)
    webhooks.fetch_awaited(AwaitedFile.objects.get().pk)
    post(sim.text(ASHA, "1"))
    assert Attachment.objects.get().message.ticket == two[1]


def test_a_ticket_that_was_done_meanwhile_is_left_alone_when_time_is_up(two, post, sim):
    printer, vpn = two
    post(sim.text(ASHA, "Still not working"))
    Ticket.objects.filter(pk=vpn.pk).update(category="closed")
    age(timedelta(minutes=16))
    questions.place_unanswered(questions.due()[0])
    assert in_(printer)[-1] == "Still not working"


# --- at the desk --------------------------------------------------------------------------------


def test_an_agent_sees_what_waits_and_puts_it_where_it_belongs(two, post, sim, client):
    printer, vpn = two
    post(sim.text(ASHA, "Still <b>not</b> working"))
    client.force_login(staff("agent"))
    path = f"/desk/tickets/{printer.number}/"
    text = client.get(path).content.decode()
    assert "Waits for its ticket" in text and "Still &lt;b&gt;not&lt;/b&gt; working" in text
    question = TicketQuestion.objects.get()
    chosen = client.post(f"{path}parked/{question.pk}/", {"ticket": printer.number})
    assert chosen.status_code == 302
    again = client.post(f"{path}parked/{question.pk}/", {"ticket": vpn.number}, follow=True)
    assert "It has found its ticket already" in again.content.decode()
    assert in_(printer)[-1] == "Still <b>not</b> working"
    assert in_(vpn) == ["The VPN is slow"]
    assert InboundItem.objects.latest("pk").reason == "placed_agent"
    assert "put a message of the customer here" in client.get(path).content.decode()


def test_what_was_not_offered_or_may_not_be_answered_is_refused(two, post, sim, client):
    printer, _vpn = two
    foreign = other_ticket(customer())
    post(sim.text(ASHA, "Still not working"))
    question = TicketQuestion.objects.get()
    with pytest.raises(rules.NotAllowed):
        questions.place(question.pk, foreign, by=staff("agent"))
    with pytest.raises(rules.NotAllowed):
        questions.place(question.pk, None, by=staff("auditor"))
    client.force_login(staff("agent"))
    wrong = client.post(f"/desk/tickets/{foreign.number}/parked/{question.pk}/", {"ticket": "new"})
    assert wrong.status_code == 404
    for named in ("", "x", "9" * 30):
        assert (
            client.post(
                f"/desk/tickets/{printer.number}/parked/{question.pk}/", {"ticket": named}
            ).status_code
            == 404
        )
    assert ParkedMessage.objects.count() == 1


def test_the_question_is_asked_in_the_customer_s_language(two, post, sim):
    from deskbell.events.actor import SYSTEM
    from deskbell.people import actions as people

    people.change_person(two[0].requester, by=SYSTEM, language="de")
    post(sim.text(ASHA, "Immer noch"))
    assert options_of(asked(sim).body["interactive"])[-1][1] == "Neue Anfrage"


# --- their shape --------------------------------------------------------------------------------


def test_long_words_are_cut_to_what_whatsapp_takes():
    options = [Option(f"tkt:{n}", "word " * 30, "text " * 40) for n in range(12)]
    node = listing("x" * 5000, label="Choose one of these", options=options)
    check_interactive(node)
    assert len(options_of(node)) == 10 and len(node["body"]["text"]) == BODY
    check_interactive(buttons("Yes?", options))


def test_the_question_leaves_once_though_the_job_runs_twice(two, post, sim):
    post(sim.text(ASHA, "Still not working"))
    read()
    asked(sim)
    assert OutboxItem.objects.filter(kind="ticket.question").count() == 1
    assert timezone.now() >= TicketQuestion.objects.get().asked_at
