"""Who gets which mail about what happened, and who does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import translation

from deskbell.channels import actions as channel_actions
from deskbell.channels import inbound
from deskbell.channels.email import references
from deskbell.channels.email.counters import ANSWERS_PER_HOUR
from deskbell.channels.email.parse import parse
from deskbell.events.actor import SYSTEM
from deskbell.files.actions import store as store_blob
from deskbell.notifications import body
from deskbell.outbox.models import OutboxItem
from deskbell.people import actions as people
from deskbell.tickets import actions
from deskbell.tickets.content import Content, NewFile
from deskbell.tickets.models import Message, Queue, Status, Ticket
from tests import stories
from tests.channels.conftest import mail, store
from tests.notifications.conftest import html, text


@pytest.fixture
def team(house):
    """The team behind the queue that takes what names none, with two people."""
    team = stories.team("First line")
    Queue.objects.filter(slug="support").update(team=team)
    stories.staff(team=team, name="Mara Lind")
    stories.staff(team=team, name="Ben Okafor")
    return team


@pytest.fixture
def lena(house):
    return stories.customer(name="Lena Hart")


def recipients(mails) -> list[str]:
    return sorted(str(one["To"]) for one in mails)


def of_kind(mails, kind: str):
    return [one for one in mails if one["X-Deskbell-Type"] == kind]


def test_a_new_ticket_is_acknowledged_and_told_to_the_team(post, team, lena):
    ticket = stories.ticket(lena, subject="Printer <b>offline</b>")
    mails = post()
    (received,) = of_kind(mails, "ticket.received")
    assert received["To"] == f"Lena Hart <{lena.email}>"
    assert received["From"] == "Ada IT <support@desk.example>"
    assert received["Subject"] == f"{references.subject_token(ticket.number)} Printer <b>offline</b>"
    assert received["Auto-Submitted"] == "auto-replied"
    assert received["X-Auto-Response-Suppress"] == "All"
    assert "https://desk.example/portal/link/open/" in text(received)  # he has no password
    assert "The printer is offline." not in text(received)  # nothing of a stranger's words is sent around
    assert "<b>offline</b>" not in html(received)
    new = of_kind(mails, "ticket.new")
    assert sorted(str(one["To"]).split(" <")[0] for one in new) == ["Ben Okafor", "Mara Lind"]
    assert "The printer is offline." in text(new[0])
    assert f"https://desk.example/desk/tickets/{ticket.number}/" in text(new[0])
    assert new[0]["Auto-Submitted"] == "auto-generated"
    assert len(mails) == 3
    assert post() == []


def test_a_signature_stands_below_replies_and_nowhere_else(post, lena):
    mara = stories.staff(name="Mara Lind")
    people.change_person(mara, by=mara, signature="**Mara**\nRoom <5>")
    ticket = stories.ticket(lena)
    post()
    message = actions.reply(ticket, Content.markdown("Switch it off."), by=mara)
    (reply,) = of_kind(post(), "ticket.reply")
    assert "Switch it off.\n\n**Mara**\nRoom <5>\n" in text(reply)
    assert "<strong>Mara</strong><br>" in html(reply) and "Room &lt;5&gt;" in html(reply)
    assert message.text == "Switch it off."
    ben = stories.staff(name="Ben")
    actions.assign(ticket, ben, by=mara)
    (assigned,) = of_kind(post(), "ticket.assigned")
    assert "Room" not in text(assigned)
    actions.reply(ticket, Content.markdown("And on again."), by=ben)
    (second,) = of_kind(post(), "ticket.reply")
    assert "> Switch it off." in text(second) and "Room" not in text(second)


def test_a_reply_reaches_requester_and_copied_people_one_mail_each(post, team, lena):
    ben, mara = stories.customer(name="Ben"), stories.staff(name="Mara Lind")
    ticket = stories.ticket(lena)
    actions.add_copy(ticket, ben, by=mara)
    actions.note(ticket, Content.markdown("the secret word is xylophone"), by=mara)
    post()
    message = actions.reply(ticket, Content.markdown("Please **restart** it.\n\n<script>"), by=mara)
    mails = post()
    assert recipients(mails) == sorted([f"Lena Hart <{lena.email}>", f"Ben <{ben.email}>"])
    (to_lena,) = [one for one in mails if "Lena" in str(one["To"])]
    assert to_lena["From"] == "Mara Lind via Ada IT <support@desk.example>"
    assert to_lena["Message-ID"] == references.message_id(ticket.pk, message.pk)
    assert to_lena["Auto-Submitted"] is None  # a person wrote it: absences may answer
    assert to_lena["X-Auto-Response-Suppress"] is None
    assert "Please **restart** it." in text(to_lena)
    assert ">restart</strong>" in html(to_lena)
    assert "<script>" not in html(to_lena)
    assert "> The printer is offline." in text(to_lena)
    for one in mails:
        assert "xylophone" not in one.as_string() + text(one) + html(one)
        assert references.verify(one["Message-ID"]) == (ticket.pk, message.pk)
    assert len({one["Message-ID"] for one in mails}) == 2


def test_a_note_is_told_to_nobody(post, team, lena):
    ticket = stories.ticket(lena)
    post()
    actions.note(ticket, Content.markdown("hm"), by=stories.staff())
    assert post() == []


def test_a_customer_s_answer_goes_to_the_assignee_else_to_the_team(post, team, lena):
    ticket = stories.ticket(lena)
    post()
    actions.customer_reply(ticket, Content.markdown("Still broken"), by=lena)
    assert sorted(str(one["To"]).split(" <")[0] for one in post()) == ["Ben Okafor", "Mara Lind"]
    agent = stories.staff(name="Ida")
    actions.assign(ticket, agent, by=agent)
    post()
    actions.customer_reply(ticket, Content.markdown("Hello?"), by=lena)
    (told,) = post()
    assert (told["To"], told["X-Deskbell-Type"]) == (f"Ida <{agent.email}>", "ticket.customer_replied")
    assert "Hello?" in text(told)


def test_whoever_caused_it_is_not_told(post, team, lena):
    mara = stories.staff(name="Mara")
    ticket = stories.ticket(lena)
    post()
    actions.assign(ticket, mara, by=mara)
    assert post() == []
    ida = stories.staff(name="Ida")
    actions.assign(ticket, ida, by=mara)
    (told,) = post()
    assert (told["To"], told["X-Deskbell-Type"]) == (f"Ida <{ida.email}>", "ticket.assigned")


def test_the_requester_hears_of_the_resolution_once(post, lena):
    mara = stories.staff()
    ticket = stories.ticket(lena)
    post()
    actions.resolve(ticket, by=mara)
    (told,) = post()
    assert (told["X-Deskbell-Type"], str(told["To"])) == ("ticket.resolved", f"Lena Hart <{lena.email}>")
    actions.customer_reopen(ticket, by=lena)
    post()
    actions.reply(ticket, Content.markdown("Now?"), by=mara, status=Status.objects.get(slug="resolved"))
    (one,) = post()
    assert one["X-Deskbell-Type"] == "ticket.reply"
    assert "resolved" in text(one)
    actions.close(ticket, by=mara)
    assert post() == []


def test_a_ticket_opened_for_a_caller_tells_him_what_was_written_unless_not_wanted(post, lena):
    mara = stories.staff(name="Mara Lind")
    ticket = stories.ticket(lena, "He called about the printer.", by=mara, source="phone")
    (told,) = of_kind(post(), "ticket.opened_for_you")
    assert told["To"] == f"Lena Hart <{lena.email}>"
    assert "He called about the printer." in text(told)
    assert references.verify(told["Message-ID"])[0] == ticket.pk
    stories.ticket(lena, by=mara, source="phone", tell=False)
    assert post() == []
    stories.ticket(lena, "internal words", by=mara, source="phone", internal=True)
    (told,) = of_kind(post(), "ticket.opened_for_you")
    assert "internal words" not in text(told) + html(told)


def test_copied_people_are_told_by_people_not_by_mails(post, lena):
    mara, ben, eve = stories.staff(name="Mara"), stories.customer(name="Ben"), stories.customer(name="Eve")
    ticket = stories.ticket(lena)
    post()
    actions.add_copy(ticket, ben, by=mara)
    (told,) = post()
    assert (told["X-Deskbell-Type"], str(told["To"])) == ("ticket.copied", f"Ben <{ben.email}>")
    actions.add_copy(ticket, eve, by=SYSTEM)
    assert post() == []


def test_an_invitation_carries_its_link(post):
    owner = stories.staff("owner", name="Ada")
    invitation = people.invite("new@desk.example", name="New", role="agent", by=owner)
    (told,) = post()
    assert (told["To"], told["Subject"]) == ("new@desk.example", "Invitation to Ada IT")
    link = next(line.split(": ", 1)[1] for line in text(told).splitlines() if "https://" in line)
    token = link.removeprefix("https://desk.example/account/invitation/").rstrip("/")
    assert people.open_invitation(token) == invitation


def test_a_mail_is_written_in_the_language_of_its_reader(post, lena, settings):
    settings.LANGUAGES = [("en", "English"), ("ar", "Arabic")]
    people.change_person(lena, by=lena, language="ar")
    stories.ticket(lena)
    (received,) = of_kind(post(), "ticket.received")
    assert 'lang="ar" dir="rtl"' in html(received)
    assert translation.get_language() == "en"


def test_files_beyond_the_limit_are_links(post, lena, monkeypatch):
    monkeypatch.setattr(body, "FILES_LIMIT", 10)
    mara = stories.staff()
    ticket = stories.ticket(lena)
    post()
    files = [NewFile(store_blob(b"12345678"), "small.txt"), NewFile(store_blob(b"abcdefgh"), "big.txt")]
    actions.reply(ticket, Content(text="see", new_text="see", html="<p>see</p>", files=files), by=mara)
    (one,) = post()
    assert [part.get_filename() for part in one.iter_attachments()] == ["small.txt"]
    assert "- big.txt (too big for mail, open it here: https://desk.example/portal/link/open/" in text(one)


def test_people_whom_mail_cannot_reach_are_left_out(post):
    walk_in = people.create_person(name="Walk-in", how="walk_in", by=stories.staff())
    ticket = stories.ticket(walk_in, by=stories.staff(), source="walk_in")
    actions.reply(ticket, Content.markdown("hi"), by=stories.staff())
    assert post() == []


def test_a_spam_ticket_is_told_to_nobody(post, team, lena):
    stories.ticket(lena, spam=True)
    assert post() == []


# --- answers to mails ---------------------------------------------------------------------------


@pytest.fixture
def mailbox(house):
    return channel_actions.add_channel("email", name="Support", address="help@desk.example")


def take_in(mailbox, raw: bytes) -> Ticket | None:
    answer = inbound.receive(store(mailbox, raw).pk)
    return Ticket.objects.filter(number=answer["ticket"]).first()


def test_the_whole_way_by_mail(post, mailbox):
    """A mail comes in, is acknowledged, answered, and the customer's answer to that finds its ticket."""
    mara = stories.staff(name="Mara Lind")
    ticket = take_in(mailbox, mail(message_id="<first@example.com>"))
    (received,) = of_kind(post(), "ticket.received")
    assert received["In-Reply-To"] == received["References"] == "<first@example.com>"
    assert received["From"] == "Ada IT <help@desk.example>"
    actions.reply(ticket, Content.markdown("Please restart it."), by=mara)
    (reply,) = post()
    assert reply["In-Reply-To"] == "<first@example.com>"
    answer = mail(
        "Works, thank you.\n\n" + "".join(f"> {line}\n" for line in text(reply).splitlines()),
        subject=f"Re: {reply['Subject']}",
        message_id="<second@example.com>",
        In_Reply_To=reply["Message-ID"],
        References=f"{reply['References']} {reply['Message-ID']}",
    )
    assert take_in(mailbox, answer) == ticket
    message = Message.objects.order_by("pk").last()
    assert message.new_text == "Works, thank you."
    assert OutboxItem.objects.get(cause_kind="message").channel_id == mailbox.pk


def test_plus_addresses_are_offered_where_the_server_knows_them(post, house):
    mailbox = channel_actions.add_channel(
        "email", name="S", address="help@desk.example", plus_addresses="yes"
    )
    ticket = take_in(mailbox, mail())
    (received,) = of_kind(post(), "ticket.received")
    assert references.number_in_address(received["Reply-To"]) == ticket.number


@pytest.mark.parametrize(
    "headers",
    [
        {"Precedence": "bulk"},
        {"List_Id": "<news.example.com>"},
        {"Auto_Submitted": "auto-generated"},
        {"subject": "Automatic reply: Printer"},
        {"sender": "no-reply@example.com"},
        {"sender": "owner-list@example.com"},
        {"Return_Path": "<>", "Auto_Submitted": "no"},
        {"X_Loop": "somebody@example.com"},
    ],
    ids=lambda headers: " ".join(headers.values()),
)
def test_machines_are_not_answered(post, mailbox, headers):
    take_in(mailbox, mail(**headers))
    assert of_kind(post(), "ticket.received") == []


@pytest.mark.parametrize(
    "headers",
    [{"Cc": "ben@example.com, support@other.example"}, {"Reply_To": "victim@example.net"}],
    ids=lambda headers: next(iter(headers)),
)
def test_the_sender_alone_is_answered_automatically(post, mailbox, headers):
    take_in(mailbox, mail(**headers))
    assert [str(one["To"]) for one in post()] == ["Lena Hart <lena.hart@example.com>"]


def test_one_ticket_is_answered_automatically_once(post, mailbox):
    ticket = take_in(mailbox, mail())
    assert len(of_kind(post(), "ticket.received")) == 1
    for n in range(3):
        again = mail(message_id=f"<n{n}@example.com>", In_Reply_To="<m1@example.com>")
        assert take_in(mailbox, again) == ticket
    assert of_kind(post(), "ticket.received") == []


def test_the_marker_of_our_mails_leads_back_when_all_else_is_lost(post, mailbox):
    ticket = take_in(mailbox, mail())
    (received,) = of_kind(post(), "ticket.received")
    marker = references.marker(ticket.number)
    assert text(received).count(marker) == html(received).count(marker) == 1
    assert text(received).index(marker) < text(received).index("\n-- \n")  # signatures are not quoted
    quoted = "".join(f"> {line}\n" for line in text(received).splitlines())
    answer = mail(f"Works.\n\n{quoted}", message_id="<m2@example.com>", subject="another")
    assert take_in(mailbox, answer) == ticket
    assert Message.objects.order_by("pk").last().new_text == "Works."


def test_a_sender_gets_few_automatic_answers(post, mailbox):
    for n in range(ANSWERS_PER_HOUR + 3):
        take_in(mailbox, mail(message_id=f"<n{n}@example.com>", subject=f"Matter {n}"))
    take_in(mailbox, mail(sender="another@example.com", message_id="<o@example.com>"))
    answered = [str(one["To"]) for one in of_kind(post(), "ticket.received")]
    assert answered.count("Lena Hart <lena.hart@example.com>") == ANSWERS_PER_HOUR
    assert answered.count("another@example.com") == 1


def test_the_same_subject_again_and_again_is_not_answered(post, mailbox):
    for n in range(4):
        take_in(mailbox, mail(message_id=f"<n{n}@example.com>", subject="Re: " * n + "Printer"))
    assert len(of_kind(post(), "ticket.received")) == 2


@pytest.mark.parametrize("stripped", [False, True], ids=["honest relay", "relay that strips headers"])
def test_two_desks_end_their_conversation(post, mailbox, stripped):
    """The other desk answers whatever it gets, as a badly behaved one would, for up to fifty rounds."""
    incoming = mail(sender="Other desk <desk@other.example>", message_id="<0@other.example>")
    exchanged = 0
    for n in range(50):
        take_in(mailbox, incoming)
        ours = post()
        exchanged += 1 + len(ours)
        if not ours:
            break
        seen = parse(ours[-1].as_bytes())
        headers = {} if stripped else {"In_Reply_To": seen.message_id, "Auto_Submitted": "auto-replied"}
        incoming = mail(
            "We have your message.",
            sender="Other desk <desk@other.example>",
            subject=f"[Other #{n}] Re: Printer" if not stripped else references.without_token(seen.subject),
            message_id=f"<{n + 1}@other.example>",
            **headers,
        )
    assert exchanged <= 6


def test_a_bounce_marks_the_mail_that_came_back(post, mailbox):
    mara = stories.staff()
    ticket = take_in(mailbox, mail())
    post()
    actions.reply(ticket, Content.markdown("hi"), by=mara)
    (reply,) = post()
    raw = (Path(__file__).parents[1] / "channels" / "mails" / "bounce.eml").read_text()
    take_in(mailbox, raw.replace("<t7.m9.0000000000000000@desk.example>", reply["Message-ID"]).encode())
    item = OutboxItem.objects.get(cause_kind="message")
    assert (item.state, item.error_code) == ("failed", "5.1.1")
    assert of_kind(post(), "ticket.received") == []
