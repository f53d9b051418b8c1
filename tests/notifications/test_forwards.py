"""Parts of a ticket go to a supplier by real mails, and what comes back stays inside the desk."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from django.test import Client
from django.urls import reverse

from deskbell.channels import actions as channel_actions
from deskbell.channels.email import counters, references
from deskbell.channels.models import InboundItem
from deskbell.events.models import Event
from deskbell.files.actions import store
from deskbell.notifications.receivers import send_forward
from deskbell.outbox import actions as outbox
from deskbell.outbox.models import OutboxItem
from deskbell.outbox.results import Final
from deskbell.people.actions import choose_notifications, deactivate
from deskbell.people.models import User
from deskbell.tickets import actions, queries
from deskbell.tickets.content import Content, NewFile
from deskbell.tickets.forwards import Forward
from deskbell.tickets.models import Message, Status, Ticket, Watcher
from tests import stories
from tests.channels.conftest import mail
from tests.notifications.conftest import html, text
from tests.notifications.test_bounces import LENA, group, report, take_in
from tests.notifications.test_notices import of_kind

PARTS, COLLEAGUE = "parts@fuser.example", "Ida Berg <ida@fuser.example>"
WORD = "zirconium"


@pytest.fixture
def mailbox(house):
    return channel_actions.add_channel("email", name="Support", address="help@desk.example")


@pytest.fixture
def mara(house):
    return stories.staff(name="Mara Lind")


@pytest.fixture
def ticket(mailbox, post, mara) -> Ticket:
    """Lena's, by mail; Mara has it."""
    item = take_in(mailbox, mail("The fuser of the printer is broken."))
    ticket = Ticket.objects.get(pk=item.ticket_id)
    actions.assign(ticket, mara, by=mara)
    post()
    return ticket


def send(ticket: Ticket, by: User, *to: str, **given) -> Message:
    words = {"text": "Have you got a **fuser**?", "subject": f"Fwd: {ticket.subject}", **given}
    return actions.forward(stories.fresh(ticket), Forward(to=list(to) or [PARTS], **words), by=by)


@pytest.fixture
def asked(ticket, mara, post) -> tuple[Message, EmailMessage]:
    """The forward, and the mail that left with it."""
    forward = send(ticket, mara)
    (sent,) = of_kind(post(), "ticket.forward")
    return forward, sent


def answer_to(
    sent: EmailMessage, words: str = WORD, *, sender: str = PARTS, number: int = 1, **more
) -> bytes:
    """As mail programs answer: by the ids of the mail, quoting nothing."""
    headers = {"In_Reply_To": str(sent["Message-ID"]), **more}
    return mail(words, sender=sender, subject="Re: offer", message_id=f"<s{number}@fuser.example>", **headers)


def row(ticket: Ticket) -> dict:
    left_out = ("updated_at", "last_message_at", "last_message_id", "last_author_id", "last_note")
    return {k: v for k, v in Ticket.objects.values().get(pk=ticket.pk).items() if k not in left_out}


# --- what leaves --------------------------------------------------------------------------------


def test_each_supplier_gets_the_chosen_parts_and_nothing_else(ticket, mara, post, mailbox):
    actions.note(ticket, Content.markdown("He is angry"), by=mara)
    file = NewFile(store(b"%PDF-plan"), "plan.pdf")
    left_behind = NewFile(store(b"salaries"), "salaries.txt")
    actions.customer_reply(
        ticket,
        Content(text="Here is the plan.", markup="plain", files=[file, left_behind]),
        by=ticket.requester,
        channel="email",
    )
    first, _note, second = ticket.messages.order_by("pk")
    plan = second.attachments.get(filename="plan.pdf")
    post()
    before = row(ticket)
    forward = send(ticket, mara, PARTS, "sales@other.example", messages=[second.pk], files=[plan.pk])
    assert (forward.visibility, forward.direction, forward.kind) == ("internal", "out", "forward")
    assert forward.details == {"messages": [second.pk], "files": [plan.pk]}
    assert row(ticket) == {**before, "last_direction": "out"}
    mails = post()
    assert [(one["To"], one["X-Deskbell-Type"]) for one in mails] == [
        (PARTS, "ticket.forward"),
        ("sales@other.example", "ticket.forward"),
    ]
    sent = mails[0]
    assert sent["From"] == "Mara Lind via Ada IT <help@desk.example>"
    assert sent["Subject"] == f"{references.forward_token(ticket.number, forward.pk, PARTS)} Fwd: Printer"
    assert sent["Message-ID"] == references.forward_id(ticket.pk, forward.pk, PARTS)
    assert (sent["In-Reply-To"], sent["References"], sent["Auto-Submitted"]) == (None, None, None)
    assert "Have you got a **fuser**?" in text(sent) and "Here is the plan." in text(sent)
    assert "<strong>fuser</strong>" in html(sent) and "Here is the plan." in html(sent)
    assert "Lena Hart wrote on" in text(sent)
    assert [part.get_filename() for part in sent.iter_attachments()] == ["plan.pdf"]
    assert next(sent.iter_attachments()).get_content() == b"%PDF-plan"
    for kept in ("angry", first.text, LENA, "/portal/", "/desk/", "sales@other.example", "salaries"):
        assert kept not in sent.as_string() + text(sent) + html(sent), kept
    assert OutboxItem.objects.filter(kind="ticket.forward", ticket_id=ticket.pk).count() == 2
    assert not Watcher.objects.filter(user__email=PARTS).exists()
    assert post() == []


def test_a_name_that_is_an_address_is_not_sent_on(ticket, mara, post):
    User.objects.filter(pk=ticket.requester_id).update(name="")
    send(ticket, mara, messages=[ticket.messages.get().pk])
    (sent,) = of_kind(post(), "ticket.forward")
    assert "The customer wrote on" in text(sent)
    assert LENA not in sent.as_string() + text(sent) + html(sent)


def test_what_is_sent_on_carries_no_reference_of_the_customers(ticket, mara, post):
    quoting = Content(text=f"Yes. {references.marker(ticket.number)}", markup="plain")
    said = actions.customer_reply(ticket, quoting, by=ticket.requester, channel="email")
    send(ticket, mara, messages=[said.pk])
    (sent,) = of_kind(post(), "ticket.forward")
    assert "Yes." in text(sent) and "[t" not in text(sent) + html(sent)


def test_what_was_redacted_before_it_left_is_left_out(ticket, mara, post):
    owner = stories.staff("owner")
    first = ticket.messages.get()
    send(ticket, mara, messages=[first.pk])
    actions.redact_message(first, by=owner)
    (sent,) = of_kind(post(), "ticket.forward")
    assert "fuser of the printer" not in text(sent)


def test_the_reply_address_is_of_a_kind_of_its_own(ticket, mara, post, mailbox):
    mailbox.plus_addresses = True
    mailbox.save()
    forward = send(ticket, mara)
    (sent,) = of_kind(post(), "ticket.forward")
    given = sent["Reply-To"]
    assert given == references.forward_address("help@desk.example", ticket.number, forward.pk, PARTS)
    assert references.number_in_address(given) is None
    item = take_in(mailbox, mail(WORD, sender=COLLEAGUE, subject="x", message_id="<c@y>", To=given))
    assert (item.state, item.reason) == ("annotated", "supplier")


# --- what comes back ----------------------------------------------------------------------------


def test_the_answer_is_an_internal_message_that_wakes_the_assignee_alone(asked, ticket, mailbox, post, mara):
    forward, sent = asked
    actions.mark_read(stories.fresh(ticket), by=mara)
    before = row(ticket)
    raw = EmailMessage()
    raw["From"], raw["To"], raw["Cc"] = f"Fuser Parts <{PARTS}>", "help@desk.example", "boss@fuser.example"
    raw["Subject"], raw["Message-ID"], raw["In-Reply-To"] = "Re: offer", "<s1@f>", sent["Message-ID"]
    raw.set_content(f"{WORD} costs 90.\n\nOn Monday Ada IT wrote:\n> Have you got a fuser?")
    raw.add_attachment(b"%PDF-offer", maintype="application", subtype="pdf", filename="offer.pdf")
    item = take_in(mailbox, raw.as_bytes())
    assert (item.state, item.reason, item.ticket_id) == ("annotated", "supplier", ticket.pk)
    message = Message.objects.get(pk=item.message_id)
    assert (message.kind, message.visibility, message.direction) == ("supplier", "internal", "in")
    assert (message.author.email, message.new_text) == (PARTS, f"{WORD} costs 90.")
    assert message.details == {"from": PARTS, "answers": forward.pk, "asked": PARTS}
    assert [file.filename for file in message.attachments.all()] == ["offer.pdf"]
    assert row(ticket) == before
    assert queries.unread(mara, [stories.fresh(ticket)]) == {ticket.pk}
    assert not Watcher.objects.filter(ticket=ticket).exists()
    (told,) = post()
    assert (told["To"], told["X-Deskbell-Type"]) == (
        f"Mara Lind <{mara.email}>",
        "ticket.supplier_answered",
    )
    assert f"{WORD} costs 90." in text(told)
    happened = Event.objects.filter(about_kind="ticket", kind__endswith="ed").order_by("-pk")
    assert [(e.kind, e.audience) for e in happened[:2]] == [
        ("ticket.supplier_answered", "staff"),
        ("ticket.forwarded", "staff"),
    ]

    desk, customer = Client(), Client()
    desk.force_login(mara)
    page = desk.get(f"/desk/tickets/{ticket.number}/").content.decode()
    assert WORD in page and "Answer of the supplier" in page and f"Sent to {PARTS}" in page
    customer.force_login(ticket.requester)
    shown = customer.get(reverse("portal:ticket", args=[ticket.number])).content.decode()
    assert "fuser of the printer" in shown and WORD not in shown and "fuser.example" not in shown
    listed = reverse("portal:ticket", args=[ticket.number])
    assert listed in customer.get(reverse("portal:tickets"), {"q": "fuser"}).content.decode()
    assert listed not in customer.get(reverse("portal:tickets"), {"q": WORD}).content.decode()
    assert customer.get(reverse("portal:archive", args=[ticket.number])).status_code == 404
    assert customer.get(f"/portal/attachments/{message.attachments.get().pk}/").status_code == 404
    # what the customer gets next quotes none of it
    actions.reply(stories.fresh(ticket), Content.markdown("A part is ordered."), by=mara)
    (reply,) = of_kind(post(), "ticket.reply")
    assert reply["To"] == f"Lena Hart <{LENA}>"
    for kept in (WORD, "fuser.example", "Have you got", "<s1@f>"):
        assert kept not in reply.as_string() + text(reply) + html(reply)


WAYS = ("in reply to", "references", "marker", "subject", "quoted subject")


@pytest.mark.parametrize("way", WAYS)
def test_whatever_a_mail_program_keeps_leads_back(asked, ticket, mailbox, way):
    _forward, sent = asked
    given = {
        "in reply to": {"In_Reply_To": sent["Message-ID"]},
        "references": {"References": f"{sent['Message-ID']} <other@fuser.example>"},
        "marker": {},
        "subject": {"subject": f"AW: {sent['Subject']}"},
        "quoted subject": {"subject": sent["Subject"].upper()},
    }[way]
    words = f"{WORD}\n\n> {text(sent)}".replace("\n", "\n> ") if way == "marker" else WORD
    raw = mail(words, **{"sender": COLLEAGUE, "subject": "Hello", "message_id": "<s@f>", **given})
    item = take_in(mailbox, raw)
    assert (item.state, item.reason, item.ticket_id) == ("annotated", "supplier", ticket.pk)
    message = Message.objects.get(pk=item.message_id)
    assert (message.visibility, message.author.email) == ("internal", "ida@fuser.example")
    assert message.details["from"] == "ida@fuser.example" and message.details["asked"] == PARTS


@pytest.mark.parametrize("forged", ["id", "marker", "subject", "address", "other ticket", "other recipient"])
def test_a_forged_reference_is_a_new_ticket(asked, ticket, mailbox, forged):
    forward, sent = asked
    other = stories.ticket()
    named = (ticket.number, forward.pk, PARTS)
    raw = {
        "id": lambda: answer_to(sent, In_Reply_To=str(sent["Message-ID"]).replace(".m", ".m1")),
        "marker": lambda: mail(references.forward_marker(*named).replace("-", "-0")),
        "subject": lambda: mail(subject=references.forward_token(*named)[:-9] + "00000000]"),
        "address": lambda: mail(
            To=references.forward_address("help@desk.example", *named).replace("+f", "+f1")
        ),
        "other ticket": lambda: mail(references.forward_marker(other.number, forward.pk, PARTS)),
        "other recipient": lambda: mail(
            references.forward_marker(ticket.number, forward.pk, "eve@x.example")
        ),
    }[forged]()
    raw = raw.replace(b"m1@example.com", b"e1@example.com").replace(LENA.encode(), b"eve@evil.example")
    before = set(Message.objects.values_list("pk", flat=True))
    item = take_in(mailbox, raw)
    assert (item.state, item.reason) == ("ticketed", "new")
    assert Ticket.objects.filter(pk=item.ticket_id).exclude(pk__in=[ticket.pk, other.pk]).exists()
    assert set(Message.objects.values_list("pk", flat=True)) - before == {item.message_id}


@pytest.mark.parametrize("who", ["requester", "staff", "reader", "assignee"])
def test_the_reference_of_a_forward_wins_whoever_answers(ticket, mailbox, post, mara, who):
    ida = stories.staff(name="Ida")
    reader = stories.customer(role="read_only")
    person = {"requester": ticket.requester, "staff": ida, "reader": reader, "assignee": mara}[who]
    send(ticket, mara, person.email)
    (sent,) = of_kind(post(), "ticket.forward")
    before = row(ticket)
    item = take_in(mailbox, answer_to(sent, sender=person.email))
    message = Message.objects.get(pk=item.message_id)
    assert (item.reason, message.visibility, message.kind) == ("supplier", "internal", "supplier")
    assert message.author == person and row(ticket) == before
    told = [one["To"] for one in post()]
    assert told == ([] if who == "assignee" else [f"Mara Lind <{mara.email}>"])


def test_the_customers_own_thread_stays_the_customers(asked, ticket, mailbox, post, mara):
    """His mail quotes, further down, what a forward had said: the nearest reference counts."""
    _forward, sent = asked
    actions.reply(stories.fresh(ticket), Content.markdown("They ask:"), by=mara)
    (reply,) = of_kind(post(), "ticket.reply")
    words = f"Yes.\n\n> {references.marker(ticket.number)}\n>> {text(sent)}".replace("\n", "\n> ")
    item = take_in(mailbox, mail(words, message_id="<m2@example.com>", subject="x"))
    assert (item.state, item.reason, item.ticket_id) == ("added", "marker", ticket.pk)
    raw = mail(message_id="<m3@example.com>", subject="x", In_Reply_To=str(reply["Message-ID"]))
    item = take_in(mailbox, raw)
    assert Message.objects.get(pk=item.message_id).visibility == "public"


def test_a_closed_ticket_stays_closed_and_its_people_hear_of_it(asked, ticket, mailbox, post, mara):
    _forward, sent = asked
    actions.change(stories.fresh(ticket), by=mara, status=Status.objects.get(slug="closed"))
    post()
    before = row(ticket)
    item = take_in(mailbox, answer_to(sent))
    assert (item.reason, item.ticket_id) == ("supplier", ticket.pk)
    assert row(ticket) == before and before["category"] == "closed"
    assert [one["X-Deskbell-Type"] for one in post()] == ["ticket.supplier_answered"]


def test_without_an_assignee_the_team_hears_of_it_as_far_as_it_wants_to(mailbox, post, mara):
    team = stories.team()
    one, two = stories.staff(team=team), stories.staff(team=team)
    choose_notifications(two, {("ticket.customer_replied", "email"): False}, by=two)
    ticket = stories.ticket(team=team, by=mara, source="phone")
    send(ticket, mara)
    (sent,) = of_kind(post(), "ticket.forward")
    take_in(mailbox, answer_to(sent))
    assert [told["To"].addresses[0].addr_spec for told in post()] == [one.email]


def test_a_colleague_goes_on_from_the_suppliers_own_mail_and_a_stranger_does_not(asked, ticket, mailbox):
    _forward, sent = asked
    take_in(mailbox, answer_to(sent))
    raw = answer_to(sent, "More", sender=COLLEAGUE, number=2, In_Reply_To="<s1@fuser.example>")
    assert take_in(mailbox, raw).reason == "supplier"
    raw = answer_to(sent, "More", sender="eve@evil.example", number=3, In_Reply_To="<s1@fuser.example>")
    item = take_in(mailbox, raw)
    assert (item.state, item.reason) == ("ticketed", "not_owner")


def test_absence_and_automatic_notices_are_noted_and_wake_nobody(asked, ticket, mailbox, post, mara):
    forward, sent = asked
    before = Ticket.objects.values().get(pk=ticket.pk)
    away = answer_to(sent, Auto_Submitted="auto-replied", number=1)
    notice = answer_to(sent, Auto_Submitted="auto-generated", number=2)
    for raw, reason in ((away, "auto_reply"), (notice, "notification")):
        item = take_in(mailbox, raw)
        assert (item.state, item.reason, item.ticket_id) == ("annotated", reason, ticket.pk)
        noted = Message.objects.get(pk=item.message_id)
        assert (noted.kind, noted.visibility) == ("auto", "internal")
        assert noted.details == {"answers": forward.pk, "asked": PARTS}
    assert Ticket.objects.values().get(pk=ticket.pk) == before
    assert post() == []


def test_a_forward_that_comes_back_is_noted_on_its_recipient_and_told(ticket, mailbox, post, mara):
    forward = send(ticket, mara, PARTS, "sales@other.example")
    sent = of_kind(post(), "ticket.forward")[0]
    item = take_in(mailbox, report(sent["Message-ID"], group(PARTS, "failed", "5.1.1", "550 no such user")))
    assert (item.state, item.reason, item.ticket_id) == ("annotated", "bounce", ticket.pk)
    assert Message.objects.get(pk=item.message_id).details == {"answers": forward.pk, "asked": PARTS}
    states = OutboxItem.objects.filter(kind="ticket.forward").order_by("pk")
    assert [each.state for each in states] == ["failed", "sent"]
    (told,) = post()
    assert (told["To"], told["X-Deskbell-Type"]) == (f"Mara Lind <{mara.email}>", "ticket.undelivered")
    assert f"This did not reach {PARTS}: Printer" in text(told)


def test_a_refused_forward_is_sent_again_by_who_may_forward(ticket, mailbox, post, mara):
    send(ticket, mara)
    send_forward(Event.objects.get(kind="ticket.forwarded"))
    item = OutboxItem.objects.get(kind="ticket.forward")
    outbox.claim(item.pk)
    outbox.record_result(item.pk, Final("550", "no"))
    engineer = stories.staff("engineer")
    actions.assign(stories.fresh(ticket), engineer, by=mara)
    with pytest.raises(actions.NotAllowed):
        actions.retry_delivery(ticket, item.pk, by=engineer)
    desk = Client()
    desk.force_login(mara)
    page = desk.get(f"/desk/tickets/{ticket.number}/").content.decode()
    assert f"Not delivered to {PARTS}: no" in page and reverse("desk:retry", args=[item.pk]) in page
    desk.post(reverse("desk:retry", args=[item.pk]))
    assert of_kind(post(), "ticket.forward")[0]["To"] == PARTS


def test_a_flood_of_answers_is_held_back(asked, ticket, mailbox, monkeypatch):
    _forward, sent = asked
    monkeypatch.setattr(counters, "SUPPLIER_PER_HOUR", 2)
    reasons = [take_in(mailbox, answer_to(sent, number=n)).reason for n in (1, 2, 3)]
    assert reasons == ["supplier", "supplier", "too_many"]
    assert InboundItem.objects.get(reason="too_many").state == "quarantined"


def test_a_closed_account_answers_nothing(asked, mailbox):
    _forward, sent = asked
    take_in(mailbox, answer_to(sent))
    deactivate(User.objects.get(email=PARTS), by=stories.staff("owner"))
    assert take_in(mailbox, answer_to(sent, number=2)).reason == "deactivated"


# --- and goes on --------------------------------------------------------------------------------


def test_the_conversation_goes_on_in_one_thread(asked, ticket, mailbox, post, mara):
    forward, sent = asked
    item = take_in(mailbox, answer_to(sent))
    post()
    desk = Client()
    desk.force_login(mara)
    page = desk.get(f"/desk/tickets/{ticket.number}/forward/?answers={item.message_id}").content.decode()
    assert f'value="{PARTS}"' in page and 'value="Re: offer"' in page
    assert " checked" not in page
    given = {"to": PARTS, "subject": "Re: offer", "text": "We take it.", "answers": item.message_id}
    desk.post(f"/desk/tickets/{ticket.number}/forward/", given)
    (second,) = of_kind(post(), "ticket.forward")
    assert (second["In-Reply-To"], second["References"]) == (
        "<s1@fuser.example>",
        f"{sent['Message-ID']} <s1@fuser.example>",
    )
    assert second["Subject"].endswith("] Re: offer")
    item = take_in(mailbox, answer_to(second, number=2))
    assert Message.objects.get(pk=item.message_id).details["answers"] != forward.pk


def test_an_answer_that_was_redacted_keeps_its_place(asked, ticket, mailbox, post, mara):
    _forward, sent = asked
    item = take_in(mailbox, answer_to(sent))
    message = Message.objects.get(pk=item.message_id)
    actions.redact_message(message, by=stories.staff("owner"))
    message.refresh_from_db()
    assert message.text == "" and message.details["asked"] == PARTS
    send(ticket, mara, answers=message.pk)
    assert of_kind(post(), "ticket.forward")[0]["In-Reply-To"] == "<s1@fuser.example>"


def test_answers_of_suppliers_do_not_move_the_customers_mailbox(asked, ticket, mailbox, post, mara):
    """The next reply leaves where the customer wrote to, wherever the supplier's answer came in."""
    sales = channel_actions.add_channel("email", name="Sales", address="sales@desk.example")
    _forward, sent = asked
    assert take_in(sales, answer_to(sent)).reason == "supplier"
    assert take_in(sales, answer_to(sent, number=2, Auto_Submitted="auto-replied")).reason == "auto_reply"
    actions.reply(stories.fresh(ticket), Content.markdown("Soon."), by=mara)
    assert "help@desk.example" in of_kind(post(), "ticket.reply")[0]["From"]
