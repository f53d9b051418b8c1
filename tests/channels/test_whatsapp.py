"""The WhatsApp Cloud API: what customers write becomes tickets, what the desk answers goes out once."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from deskbell.channels import inbound, queries
from deskbell.channels.actions import webhooks, whatsapp, whatsapp_health
from deskbell.channels.actions.access import BadChannel
from deskbell.channels.actions.whatsapp import Given, add_whatsapp
from deskbell.channels.models import AwaitedFile, EarlyStatus, InboundItem, MessageTemplate, Webhook
from deskbell.channels.whatsapp import account, outgoing, templates
from deskbell.channels.whatsapp.statuses import match_early
from deskbell.demo.whatsapp.sim import (
    APP_SECRET,
    NUMBER_ID,
    TOKEN,
    VERIFY,
    WABA_ID,
    Rule,
    Sent,
    Silent,
)
from deskbell.events.actor import SYSTEM
from deskbell.outbox.models import OutboxItem
from deskbell.people import actions as people
from deskbell.people.models import Identity, User
from deskbell.people.whatsapp import aliases
from deskbell.tickets import actions as tickets
from deskbell.tickets.content import Content
from deskbell.tickets.models import Attachment, Conversation, Message, Ticket
from tests.api.conftest import Caller, refused
from tests.channels.chatting import ASHA, PNG, answer, only_ticket, read, work
from tests.stories import customer, fresh, staff
from tests.stories import ticket as ticket_of

# --- in -----------------------------------------------------------------------------------------


def test_the_handshake_gives_the_challenge_back_to_who_knows_the_token(number, client):
    path = f"/channels/whatsapp/{number.uuid}/"
    asked = {"hub.mode": "subscribe", "hub.challenge": "4711", "hub.verify_token": VERIFY}
    assert client.get(path, asked).content == b"4711"
    assert client.get(path, {**asked, "hub.verify_token": "guess"}).status_code == 403
    assert client.get("/channels/whatsapp/00000000-0000-4000-8000-000000000000/", asked).status_code == 404


@pytest.mark.parametrize("signature", ["", "sha256=", "sha256=" + "0" * 64, "nonsense", "sha256=ü"])
def test_what_is_not_signed_over_its_exact_bytes_is_refused_and_not_kept(number, client, signature):
    answer = client.post(
        f"/channels/whatsapp/{number.uuid}/",
        b'{"entry": []}',
        content_type="application/json",
        headers={"X-Hub-Signature-256": signature},
    )
    assert answer.status_code == 401
    assert Webhook.objects.count() == 0


def test_a_body_with_escaped_signs_and_of_three_megabytes_is_taken(post, sim):
    assert post(sim.text(ASHA, "Drucker kaputt 🖨️ äöü " + "x" * 3_000_000)) == 200
    assert only_ticket().subject.startswith("Drucker kaputt 🖨️ äöü")


def test_a_message_becomes_a_ticket_of_somebody_new_and_the_next_one_goes_on_with_it(post, sim):
    post(sim.text(ASHA, "The printer is offline again", name="Asha Rao"))
    ticket = only_ticket()
    assert (ticket.subject, ticket.channel, ticket.source) == (
        "The printer is offline again",
        "whatsapp",
        "whatsapp",
    )
    assert (ticket.requester.name, ticket.requester.email) == ("Asha Rao", None)
    identity = ticket.requester.identities.get()
    assert (identity.kind, identity.key, identity.verified_how) == ("wa_id", ASHA, "channel")
    post(sim.text(ASHA, "It beeps", name="Asha Rao"))
    assert list(Message.objects.values_list("text", flat=True)) == [
        "The printer is offline again",
        "It beeps",
    ]
    assert InboundItem.objects.latest("pk").reason == "chat_open"


def test_the_same_webhook_five_times_is_one_message(post, sim):
    message = sim.text(ASHA, "Help")
    for _again in range(5):
        post(message)
    assert Message.objects.count() == 1
    totals = queries.totals()
    assert (totals["received"], totals["ticketed"], totals["duplicate"]) == (5, 1, 4)
    assert totals["balanced"]


def test_what_one_person_writes_is_decided_in_its_order_whatever_job_runs_first(post, sim):
    post(sim.text(ASHA, "One"), sim.text(ASHA, "Two"), sim.text("919810000002", "Other"), work=False)
    webhooks.handle_webhook(Webhook.objects.get().pk)
    one, two, other = InboundItem.objects.order_by("pk")
    inbound.decide(two.pk)
    assert list(Message.objects.values_list("text", flat=True)) == ["One", "Two"]
    assert InboundItem.objects.get(pk=other.pk).state == "received"
    inbound.decide(one.pk)
    assert Message.objects.count() == 2


def test_a_webhook_is_read_once_though_its_job_runs_twice(post, sim):
    post(sim.text(ASHA, "Help"), work=False)
    hook = Webhook.objects.get()
    webhooks.handle_webhook(hook.pk)
    webhooks.handle_webhook(hook.pk)
    assert InboundItem.objects.count() == 1


def test_everything_in_a_webhook_is_taken_and_a_bad_part_stops_nothing(post, sim):
    post(
        sim.text(ASHA, "One"),
        "nonsense",
        {"type": "text", "text": {"body": "without an id"}, "from": ASHA},
        {"id": "wamid.X", "type": "text", "text": ["no"], "from": {"a": 1}},
        sim.text("919810000002", "Two"),
        statuses=[{"status": "sent"}, {"id": "wamid.Y", "status": "danced"}],
    )
    assert set(Ticket.objects.values_list("subject", flat=True)) >= {"One", "Two"}
    assert "no object" in Webhook.objects.get().problem
    totals = queries.totals()
    assert totals["balanced"] and totals["received"] == 4
    assert totals["quarantined"] == 1  # the one that nobody sent


def test_half_a_sign_loses_no_word(number):
    text = r'"Broken \ud83d emoji \u0000 and a whole one \ud83d\ude00"'
    message = r'{"id":"wamid.\ud83d","from":"919810000001","type":"text","text":{"body":' + text + "}}"
    hook = '{"entry":[{"changes":[{"field":"messages","value":{"messages":[' + message + "]}}]}]}"
    webhooks.store_webhook(number, hook.encode())
    read()
    assert Message.objects.get().text == "Broken � emoji  and a whole one 😀"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"entry": 5}', b'{"entry": [1, {"changes": 7}]}', b"\xff"]
)
def test_what_is_no_webhook_is_kept_and_noted(number, body):
    webhooks.store_webhook(number, body)
    read()
    assert Webhook.objects.get().handled_at is not None
    assert InboundItem.objects.count() == 0


def test_a_webhook_for_another_number_of_the_same_app_goes_to_its_channel(number, post, sim, client):
    other = add_whatsapp("Second", Given("880000000000002", WABA_ID, TOKEN, APP_SECRET, base_url=sim.address))
    sim.number_id = "880000000000002"
    post(sim.text(ASHA, "Hello there"))
    assert InboundItem.objects.get().channel == other
    sim.number_id = "880000000000009"
    post(sim.text(ASHA, "Nobody"))
    assert InboundItem.objects.count() == 1
    assert "which is not ours" in Webhook.objects.latest("pk").problem


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (
            {"type": "location", "location": {"latitude": 52.5, "longitude": 13.4, "name": "Office"}},
            "Office\nhttps",
        ),
        (
            {
                "type": "contacts",
                "contacts": [{"name": {"formatted_name": "Bo"}, "phones": [{"phone": "+49 1"}]}],
            },
            "Bo, +49 1",
        ),
        ({"type": "button", "button": {"text": "Call me", "payload": "x"}}, "Call me"),
        (
            {
                "type": "interactive",
                "interactive": {"type": "list_reply", "list_reply": {"id": "1", "title": "VPN"}},
            },
            "VPN",
        ),
        (
            {"type": "order", "order": {"product_items": [{"product_retailer_id": "cable", "quantity": 2}]}},
            "2 × cable",
        ),
        ({"type": "unsupported", "errors": [{"code": 131051}]}, "(A message of a kind"),
        ({"type": "unsupported", "errors": [{"code": 131060}]}, "(WhatsApp could not hand"),
        ({"type": "hologram", "hologram": {}}, "(A message of a kind"),
        ({}, "(A message of a kind"),
    ],
)
def test_every_kind_of_message_says_something(post, sim, message, words):
    post(sim.writes(ASHA, message, name="Asha"))
    assert Message.objects.get().text.startswith(words)


# --- files --------------------------------------------------------------------------------------


def test_a_photo_comes_with_its_words(post, sim):
    post(sim.file(ASHA, "image", PNG, "image/jpeg", caption="the display", name="Asha"))
    file = Attachment.objects.get()
    assert (file.filename, file.blob.content_type) == ("photo.jpg", "image/png")
    assert file.blob.path.read_bytes() == PNG
    assert only_ticket().subject == "the display"


def test_ten_photos_of_somebody_new_are_one_ticket(post, sim):
    post(*(sim.file(ASHA, "image", PNG + bytes([n]), "image/png", name="Asha") for n in range(10)))
    assert only_ticket().subject == "Photo from Asha"
    assert Attachment.objects.count() == 10


def test_a_file_that_is_not_there_yet_holds_no_words_up_and_comes_later(post, sim):
    photo = sim.file(ASHA, "image", PNG, "image/png", caption="look")
    sim.shy = {photo["image"]["id"]: 2}
    post(photo)
    message = Message.objects.get()
    assert (message.text, message.details["whatsapp"]["file"]) == ("look", "waiting")
    for _try in range(2):
        webhooks.fetch_awaited(AwaitedFile.objects.get().pk)
    assert Attachment.objects.get().message == message
    assert AwaitedFile.objects.count() == 0
    assert "file" not in Message.objects.get().details["whatsapp"]


def test_a_file_that_never_comes_is_said_to_be_lost(post, sim):
    photo = sim.file(ASHA, "image", PNG, "image/png")
    sim.media.clear()
    post(photo)
    row = AwaitedFile.objects.get()
    for _try in range(len(webhooks.TRIED_AGAIN) + 1):
        assert AwaitedFile.objects.get().lost_at is None
        webhooks.fetch_awaited(row.pk)
    assert AwaitedFile.objects.get().lost_at is not None
    assert Message.objects.get().details["whatsapp"]["file"] == "lost"


def test_a_file_that_is_not_what_was_announced_is_not_taken(post, sim):
    photo = sim.file(ASHA, "image", PNG, "image/png")
    sim.media[photo["image"]["id"]] = (b"something else", "image/png")
    post(photo)
    assert Attachment.objects.count() == 0
    assert AwaitedFile.objects.count() == 1


def test_the_token_goes_to_no_host_but_theirs(number):
    known = account.Account.of(number)
    assert known.trusts("127.0.0.1") and known.trusts("lookaside.fbsbx.com")
    assert not known.trusts("evil.example") and not known.trusts("facebook.com.evil.example")


# --- who ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("5215512345678", "525512345678"),
        ("5511987654321", "551187654321"),
        ("551187654321", "5511987654321"),
        ("5491123456789", "541123456789"),
    ],
)
def test_a_number_is_known_in_its_other_spelling(post, sim, one, other):
    assert aliases(one) == [other]
    post(sim.text(other, "First", name="Ana"))
    post(sim.text(one, "Second", name="Ana"))
    assert User.objects.filter(name="Ana").count() == 1
    assert set(Conversation.objects.values_list("address", flat=True)) == {one, other}


def test_a_landline_is_nobody_s_mobile():
    assert aliases("541123456789") == []
    assert aliases("551133334444") == []  # three is no mobile number in Brazil


def test_somebody_without_a_number_is_one_person_and_is_answered(post, sim):
    post(sim.text("", "No number", name="Usha", bsuid="IN.7001"))
    post(sim.text("", "Still none", name="Usha", bsuid="IN.7001"))
    answer(only_ticket())
    assert sim.sent[0].body["recipient"] == "IN.7001" and "to" not in sim.sent[0].body


def test_who_shows_his_number_later_is_the_same_person(post, sim):
    post(sim.text("", "No number", bsuid="IN.7001"))
    post(sim.text(ASHA, "Now with one", bsuid="IN.7001"))
    person = User.objects.get(identities__key=ASHA)
    assert set(person.identities.values_list("kind", flat=True)) == {"wa_id", "wa_bsuid"}


def test_a_number_that_staff_wrote_down_is_that_customer(post, sim):
    person, _made = people.person_for_phone(f"+{ASHA}", name="Asha Rao", how="made")
    post(sim.text(ASHA, "It is me"))
    assert only_ticket().requester == person


def test_a_number_that_somebody_wrote_into_his_own_account_proves_nothing(post, sim):
    liar = customer(name="Liar")
    people.add_identity(liar, "phone", f"+{ASHA}", by=SYSTEM)
    people.set_password(liar, "long-enough-9", how="made", by=liar)
    post(sim.text(ASHA, "My secret"))
    assert only_ticket().requester != liar
    people.verify_identity(Identity.objects.get(kind="phone"), how="code", by=SYSTEM)


# --- which ticket -------------------------------------------------------------------------------


def test_a_quoted_message_leads_to_its_ticket(post, sim):
    first = sim.text(ASHA, "The printer")
    post(first)
    printer = only_ticket()
    tickets.change(printer, by=SYSTEM, status=_status("resolved"))
    Ticket.objects.filter(pk=printer.pk).update(resolved_at=timezone.now() - timedelta(days=2))
    post(sim.text(ASHA, "And the VPN is slow"))
    assert fresh(printer).category == "open"  # it goes on with what was done two days ago


def test_a_stranger_who_writes_a_foreign_number_gets_a_ticket_of_his_own(post, sim):
    foreign = Ticket.objects.get(pk=_ticket_of_another().pk)
    post(sim.text(ASHA, f"about #{foreign.number} please"))
    mine = Ticket.objects.exclude(pk=foreign.pk).get()
    assert mine.requester.identities.get().key == ASHA
    post(sim.text(ASHA, f"again #{mine.number}"))
    assert InboundItem.objects.latest("pk").reason == "chat_number"


@pytest.mark.parametrize(
    ("words", "thanks"),
    [
        ("Thanks 👍", True),
        ("👍", True),
        ("Danke schön!", True),
        ("ok?", False),
        ("Thanks but no", False),
        ("error 5", False),
    ],
)
def test_a_thank_you_opens_nothing_again(post, sim, words, thanks):
    post(sim.text(ASHA, "The printer"))
    ticket = only_ticket()
    tickets.change(ticket, by=SYSTEM, status=_status("resolved"))
    post(sim.text(ASHA, words))
    assert (fresh(ticket).category == "resolved") is thanks
    assert Message.objects.filter(text=words, ticket=ticket, visibility="public").exists()


def test_what_he_writes_after_his_tickets_were_merged_lands_in_the_whole(post, sim):
    post(sim.text(ASHA, "The printer is offline"))
    chat = only_ticket()
    mailed = ticket_of(chat.requester)
    tickets.reply(mailed, Content.markdown("Switch it on."), by=staff())
    post(sim.text(ASHA, "Hello?"))
    tickets.merge(chat, mailed, by=staff())
    whole = fresh(mailed)
    assert (whole.channel, whole.conversation_id) == ("whatsapp", chat.conversation_id)
    post(sim.text(ASHA, "It works now, but smells"))
    post(sim.text(ASHA, f"About #{chat.number}: it burns"))
    assert [message.text for message in whole.messages.order_by("pk")][4:] == [
        "It works now, but smells",
        f"About #{chat.number}: it burns",
    ]
    assert Ticket.objects.count() == 2


def test_a_reaction_wakes_nothing_and_is_seen_by_the_desk_alone(post, sim):
    first = sim.text(ASHA, "The printer")
    post(first)
    ticket = only_ticket()
    tickets.change(ticket, by=SYSTEM, status=_status("resolved"))
    post(sim.writes(ASHA, {"type": "reaction", "reaction": {"message_id": first["id"], "emoji": "👍"}}))
    assert fresh(ticket).category == "resolved"
    assert Message.objects.get().details["whatsapp"]["reactions"] == {"theirs": "👍"}
    post(sim.writes(ASHA, {"type": "reaction", "reaction": {"message_id": "wamid.none", "emoji": "👍"}}))
    assert InboundItem.objects.latest("pk").state == "blocked"


def test_a_group_is_left_alone(post, sim):
    post(sim.writes(ASHA, {"type": "text", "text": {"body": "hi all"}, "group_id": "G1"}))
    assert Ticket.objects.count() == 0
    assert InboundItem.objects.get().reason == "group"


def _status(category: str) -> Any:
    from deskbell.tickets.models import Status

    return Status.objects.get(category=category, default=True)


def _ticket_of_another() -> Ticket:
    from tests.stories import ticket

    return ticket()


# --- out ----------------------------------------------------------------------------------------


@pytest.fixture
def ticket(post, sim) -> Ticket:
    post(sim.text(ASHA, "The printer is offline", name="Asha"))
    return only_ticket()


def test_an_answer_leaves_by_the_chat_with_its_marks_and_files(ticket, sim, settings):
    from io import BytesIO

    owner = staff("owner")
    upload = tickets.upload(BytesIO(PNG), filename="plan.png", by=owner)
    words = "Please **restart** it, see [the guide](https://example.com/guide):\n\n- off\n- on"
    tickets.reply(fresh(ticket), Content.markdown(words, uploads=[upload.pk]), by=owner)
    work()
    assert OutboxItem.objects.latest("pk").after_id == OutboxItem.objects.earliest("pk").pk
    text, image = (each.body for each in sim.sent)
    assert text["to"] == f"+{ASHA}"
    assert (
        text["text"]["body"]
        == "Please *restart* it, see the guide (https://example.com/guide):\n\n- off\n- on"
    )
    assert sim.uploads[image["image"]["id"]] == (PNG, "image/png")
    assert set(OutboxItem.objects.values_list("state", flat=True)) == {"sent"}


def test_a_long_answer_is_cut_between_paragraphs(ticket, sim):
    answer(ticket, "\n\n".join(["word " * 300] * 6))
    work()
    assert [len(sent.text) <= outgoing.TEXT for sent in sim.sent] == [True] * len(sim.sent)
    assert len(sim.sent) > 1
    assert "".join(sent.text for sent in sim.sent).count("word") == 1800


def test_states_go_forward_alone(ticket, sim, post):
    answer(ticket)
    sent, item = sim.sent[0], OutboxItem.objects.get()
    for state, shown in [
        ("delivered", "delivered"),
        ("sent", "delivered"),
        ("read", "read"),
        ("delivered", "read"),
    ]:
        post(statuses=[sim.status(sent, state)])
        item.refresh_from_db()
        assert item.state == shown
    post(statuses=[sim.status(sent, "failed", code=131026)])
    item.refresh_from_db()
    assert item.state == "read"


def test_a_message_that_fails_after_it_was_accepted_says_why(ticket, sim, post):
    answer(ticket)
    post(statuses=[sim.status(sim.sent[0], "failed", code=131026)])
    item = OutboxItem.objects.get()
    assert (item.state, item.error_code) == ("failed", "131026")
    assert item.error_text.startswith("This number cannot be reached on WhatsApp")


def test_a_lost_answer_is_never_sent_again_and_its_state_tells(ticket, sim, post):
    sim.rules = [Rule(0)]
    answer(ticket)
    assert OutboxItem.objects.get().state == "unknown"
    work()
    assert len(sim.sent) == 1
    post(statuses=[sim.status(sim.sent[0], "delivered")])
    item = OutboxItem.objects.get()
    assert (item.state, item.external_id) == ("delivered", sim.sent[0].wamid)


def test_a_state_that_comes_before_our_call_returns_is_kept_without_our_own_sign_too(ticket, sim, post):
    OutboxItem.objects.all().delete()
    post(statuses=[{"id": "wamid.OUT000002", "status": "delivered", "timestamp": "1"}])
    assert EarlyStatus.objects.count() == 1
    answer(ticket)
    EarlyStatus.objects.update(external_id=OutboxItem.objects.get().external_id)
    match_early()
    assert OutboxItem.objects.get().state == "delivered"
    assert EarlyStatus.objects.count() == 0


@pytest.mark.parametrize(
    ("code", "state", "channel_state"),
    [
        (131056, "queued", "ok"),
        (131016, "queued", "ok"),
        (130429, "queued", "ok"),
        (131026, "failed", "ok"),
        (131047, "failed", "ok"),
        (132000, "failed", "ok"),
        (999999, "failed", "ok"),
        (131031, "queued", "down"),
        (131042, "queued", "down"),
    ],
)
def test_each_refusal_means_what_it_means(ticket, sim, number, code, state, channel_state):
    sim.rules = [Rule(code)]
    answer(ticket)
    item = OutboxItem.objects.get()
    assert (item.state, item.error_code) == (state, str(code))
    number.refresh_from_db()
    assert number.state == channel_state
    assert sim.sent == []


def test_a_token_that_ended_stops_the_number_and_a_new_one_sends_what_waited_in_its_order(
    ticket, sim, number
):
    sim.token = "another"
    answer(ticket, "One")
    tickets.reply(fresh(ticket), Content.markdown("Two"), by=staff("owner"))
    work()
    number.refresh_from_db()
    assert (number.state, sim.sent) == ("down", [])
    given = Given(NUMBER_ID, WABA_ID, "another", base_url=sim.address)
    whatsapp.change_whatsapp(number, "WhatsApp", given, queue=None, by=SYSTEM)
    work()
    OutboxItem.objects.update(next_try_at=timezone.now())
    work()
    assert [sent.text for sent in sim.sent] == ["One", "Two"]


def test_after_a_day_nothing_is_written_unless_it_leaves_by_mail(ticket, sim, mailoutbox):
    people.add_identity(ticket.requester, "email", "asha@example.com", by=SYSTEM)
    Conversation.objects.update(open_until=timezone.now())
    with pytest.raises(tickets.ChatClosed):
        answer(ticket)
    assert Message.objects.filter(direction="out").count() == 0
    answer(ticket, "By mail then", way="email")
    assert [mail.to for mail in mailoutbox] == [["Asha <asha@example.com>"]]
    assert (Message.objects.latest("pk").channel, sim.sent) == ("email", [])


def test_a_window_that_shuts_while_an_answer_waits_lets_it_fail(ticket, sim):
    tickets.reply(fresh(ticket), Content.markdown("Wait"), by=staff("owner"))
    Conversation.objects.update(open_until=timezone.now())
    work()
    item = OutboxItem.objects.get()
    assert (item.state, item.error_code, sim.sent) == ("failed", "131047", [])


def test_the_other_side_s_word_counts_for_the_window(ticket, sim):
    sim.clock = 25 * 3600
    answer(ticket)
    assert OutboxItem.objects.get().error_code == "131047"
    assert not Conversation.objects.get().is_open


def test_too_many_messages_to_one_person_wait(ticket, sim):
    for number in range(outgoing.AT_ONCE + 1):
        answer(ticket, f"Line {number}")
    assert len(sim.sent) == outgoing.AT_ONCE
    assert OutboxItem.objects.latest("pk").error_code == "pace"


def test_a_subject_has_no_marks(post, sim):
    post(sim.text(ASHA, "The *printer* is ~dead~ _gone_, see a_b_c and 2*3*4"))
    assert only_ticket().subject == "The printer is dead gone, see a_b_c and 2*3*4"


def test_a_first_message_is_greeted_once_where_the_number_greets(number, post, sim):
    number.whatsapp.greets = True
    number.whatsapp.save()
    post(sim.text(ASHA, "Help"))
    post(sim.text(ASHA, "Please"))
    work()
    (greeting,) = (sent.text for sent in sim.sent)
    assert greeting.startswith(f"Thank you, we have your message. Your ticket is #{only_ticket().number};")


def test_who_is_copied_in_hears_by_mail_and_the_customer_by_chat(ticket, sim, mailoutbox):
    copied = customer(name="Copied")
    tickets.add_copy(ticket, copied, by=staff("owner"))
    answer(ticket)
    assert len(sim.sent) == 1
    assert {mail.to[0] for mail in mailoutbox if "restart" in mail.body} == {
        f"{copied.name} <{copied.email}>"
    }


# --- templates ----------------------------------------------------------------------------------


def closed(ticket: Ticket) -> None:
    Conversation.objects.update(open_until=timezone.now())


def test_templates_are_read_page_by_page_and_those_that_are_gone_go(number, sim):
    assert whatsapp_health.sync_templates(number) == 2
    assert MessageTemplate.objects.count() == 4
    sim.templates = sim.templates[1:2]
    assert whatsapp_health.sync_templates(number) == 1
    assert MessageTemplate.objects.get().name == "ticket_status_changed"


def test_a_changed_template_is_read_anew(number, client):
    from procrastinate.contrib.django.models import ProcrastinateJob

    value = {"event": "APPROVED", "message_template_name": "x"}
    body = json.dumps({"entry": [{"changes": [{"field": "message_template_status_update", "value": value}]}]})
    webhooks.store_webhook(number, body.encode())
    read()
    assert ProcrastinateJob.objects.filter(task_name="channels.whatsapp_templates").exists()


def test_a_closed_chat_is_opened_by_a_template_that_the_agent_fills_in(ticket, number, sim, client):
    whatsapp_health.sync_templates(number)
    closed(ticket)
    client.force_login(staff("agent"))
    path = f"/desk/tickets/{ticket.number}/"
    assert "Send a template" in client.get(path).content.decode()
    assert "ticket_status_changed" in client.get(f"{path}template/").content.decode()
    chosen = MessageTemplate.objects.get(name="ticket_reply_waiting", language="en_US")
    shown = client.get(f"{path}template/", {"template": chosen.pk}).content.decode()
    assert f"Hello Asha, there is an answer to your request #{ticket.number}." in shown

    values = {"template": chosen.pk, "header_1": "", "body_1": "Asha", "body_2": "#1"}
    refused = client.post(f"{path}template/", values)
    assert refused.status_code == 422 and 'value="Asha"' in refused.content.decode()
    looked = client.post(f"{path}template/", {**values, "header_1": "now", "look": "1"})
    assert looked.status_code == 200 and "Your request now" in looked.content.decode()
    assert Message.objects.filter(direction="out").count() == 0

    sent = client.post(f"{path}template/", {**values, "header_1": "about\nprinting", "once": "k" * 22})
    client.post(f"{path}template/", {**values, "header_1": "about\nprinting", "once": "k" * 22})
    assert sent.status_code == 302
    work()
    (body,) = (each.body for each in sim.sent)
    assert body["template"]["components"][0] == {
        "type": "header",
        "parameters": [{"type": "text", "text": "about printing"}],
    }
    message = Message.objects.get(direction="out")
    assert message.text.startswith("Your request about printing\n\nHello Asha, there is an answer")
    assert fresh(ticket).category == "pending"


def test_a_program_answers_by_mail_or_by_a_template_where_the_chat_is_closed(ticket, number, sim, mailoutbox):
    whatsapp_health.sync_templates(number)
    closed(ticket)
    call = Caller(people.create_token(staff("agent"), name="program"))
    path = f"/tickets/{ticket.number}/messages"
    words = {"body": "Please restart it.", "visibility": "public"}
    assert refused(call.post(path, words), 409)["type"] == "urn:deskbell:problem:chat-closed"
    refused(call.post(path, {**words, "way": "mail"}), 422, "way")
    people.add_identity(ticket.requester, "email", "asha@example.com", by=SYSTEM)
    assert call.post(path, {**words, "way": "mail"}).json()["channel"] == "email"
    used = {"name": "ticket_status_changed", "values": {"body_ticket": "#7", "body_state": "done"}}
    template = {"visibility": "public", "template": used}
    for wrong, field in (
        ({"body": "Both"}, "template"),
        ({"way": "mail"}, "template"),
        ({"visibility": "internal"}, "template"),
        ({"template": {**used, "name": "nobody"}}, "template.name"),
        ({"template": {**used, "values": {"body_ticket": "#7"}}}, "template.values"),
        ({"template": {**used, "values": {**used["values"], "body_more": "x"}}}, "template.values"),
    ):
        refused(call.post(path, {**template, **wrong}), 422, field)
    sent = [call.post(path, template, Idempotency_Key="once") for _ in range(2)]
    assert [answer.status_code for answer in sent] == [201, 201]
    work()
    assert [mail.to for mail in mailoutbox] == [["Asha <asha@example.com>"]]
    assert [each.body["template"]["name"] for each in sim.sent] == ["ticket_status_changed"]
    by_mail = ticket_of(customer())
    for wrong, field in (({"way": "chat"}, "way"), ({"body": "", "template": used}, "template")):
        refused(call.post(f"/tickets/{by_mail.number}/messages", {**words, **wrong}), 422, field)
    his = Caller(people.create_token(by_mail.requester, name="his"))
    refused(his.post(f"/tickets/{by_mail.number}/messages", {**words, "way": "mail"}), 422, "way")


def test_named_variables_are_sent_by_their_names(ticket, number, sim):
    whatsapp_health.sync_templates(number)
    row = MessageTemplate.objects.get(name="ticket_status_changed")
    node = templates.to_send(row, {"body_ticket": "#7", "body_state": "done"})
    assert node["components"][0]["parameters"][1] == {
        "type": "text",
        "parameter_name": "state",
        "text": "done",
    }
    assert [each.key for each in templates.variables(row)] == ["body_ticket", "body_state"]


def test_only_what_the_desk_can_fill_in_is_offered(number):
    whatsapp_health.sync_templates(number)
    offered = {str(row) for row in MessageTemplate.objects.all() if templates.is_offered(row)}
    assert offered == {"ticket_reply_waiting (en_US)", "ticket_status_changed (en_US)"}


def test_another_app_s_secret_says_nothing_of_a_number(post, sim):
    add_whatsapp("Second", Given("880000000000002", WABA_ID, TOKEN, "other", base_url=sim.address))
    sim.number_id = "880000000000002"
    post(sim.text(ASHA, "Forged"))
    assert InboundItem.objects.count() == 0
    assert "which is not ours" in Webhook.objects.get().problem


def test_an_upload_without_an_answer_is_tried_again_for_no_message_has_left(ticket, sim, monkeypatch):
    from io import BytesIO

    def silent(content: bytes, mime: str) -> Any:
        raise Silent(Sent("none", "", {}))

    monkeypatch.setattr(sim, "upload", silent)
    owner = staff("owner")
    upload = tickets.upload(BytesIO(PNG), filename="plan.png", by=owner)
    tickets.reply(fresh(ticket), Content.markdown("", uploads=[upload.pk]), by=owner)
    work()
    assert (OutboxItem.objects.get().state, OutboxItem.objects.get().error_code) == ("queued", "upload")


def test_a_restricted_account_is_left_alone_until_somebody_looks(ticket, sim, number):
    sim.rules = [Rule(131031)]
    answer(ticket)
    whatsapp_health.look_after_those_down()
    number.refresh_from_db()
    assert number.state == "down"


# --- settings -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        Given("abc", WABA_ID, TOKEN, APP_SECRET),
        Given(NUMBER_ID, "", TOKEN, APP_SECRET),
        Given(NUMBER_ID, WABA_ID, "", APP_SECRET),
        Given(NUMBER_ID, WABA_ID, TOKEN, APP_SECRET, base_url="http://graph.example"),
        Given(NUMBER_ID, WABA_ID, TOKEN, APP_SECRET),
    ],
)
def test_bad_settings_are_refused(number, given):
    with pytest.raises(BadChannel):
        add_whatsapp("Again", given)


def test_the_token_is_not_led_to_another_host(number):
    with pytest.raises(BadChannel):
        whatsapp.change_whatsapp(
            number,
            "WhatsApp",
            Given(NUMBER_ID, WABA_ID, base_url="https://evil.example"),
            queue=None,
            by=SYSTEM,
        )


def test_the_health_of_a_number_is_asked_and_noted(ticket, number, sim):
    health = whatsapp_health.check_number(number)
    assert (health.problem, health.verified_name, health.subscribed) == ("", "Lanternfield IT", True)
    sim.subscribed = False
    assert "No app is subscribed" in whatsapp_health.check_number(number).problem
    whatsapp_health.subscribe(number, by=SYSTEM)
    assert whatsapp_health.check_number(number).problem == ""
    sim.token = "another"
    assert "access token" in whatsapp_health.check_number(number).problem
    number.refresh_from_db()
    assert number.state == "down"
    answer(ticket)
    assert sim.sent == []
    sim.token = TOKEN
    whatsapp_health.look_after_those_down()
    number.refresh_from_db()
    assert number.state == "ok"
    work()
    assert len(sim.sent) == 1
    assert MessageTemplate.objects.count() == len(sim.templates)


def test_a_number_that_is_switched_off_asks_the_other_side_to_come_again(number, post, sim):
    from deskbell.channels.actions import switch

    switch(number, on=False, by=SYSTEM)
    assert post(sim.text(ASHA, "Help")) == 503
    assert Client().get("/channels/whatsapp/").status_code == 404
