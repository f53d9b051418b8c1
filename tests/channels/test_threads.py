"""Which ticket a mail belongs to, where the plain ways do not tell."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from deskbell.channels import actions as channel_actions
from deskbell.channels import inbound
from deskbell.channels.email import references
from deskbell.channels.models import Channel, InboundItem
from deskbell.tickets import actions as tickets
from deskbell.tickets.models import Message, Queue, Status, Ticket, TicketLink
from tests import stories
from tests.channels.conftest import mail, store
from tests.channels.test_intake import reply_of_agent, ticket_of


@pytest.fixture
def second(mailbox) -> Channel:
    return channel_actions.add_channel("email", name="Sales", address="sales@desk.example")


def at(channel: Channel, raw: bytes) -> dict:
    return inbound.receive(store(channel, raw).pk)


# --- the marker in a quoted mail ----------------------------------------------------------------


@pytest.mark.parametrize("html", [False, True], ids=["plain", "html"])
def test_a_quoted_mail_of_ours_tells_its_ticket_when_every_id_was_rewritten(take_in, html):
    ticket = ticket_of(take_in(mail()))
    marker = references.marker(ticket.number)
    quoted = f"It works.\n\nOn Monday Ada IT wrote:\n> Please restart it.\n> {marker}\n"
    raw = mail("It works." if html else quoted, message_id="<m2@x>", subject="Re: quite another")
    if html:
        raw = raw.replace(b"Content-Type: text/plain", b"Content-Type: text/html").replace(
            b"It works.", f"It works.<blockquote><p>{marker}</p></blockquote>".encode()
        )
    answer = take_in(raw)
    assert (answer["state"], answer["reason"], answer["ticket"]) == ("added", "marker", ticket.number)


@pytest.mark.parametrize("marker", ["[t{n}-0000000000000000]", "[t{n}-{short}]", "t{n}-{whole}"])
def test_a_forged_or_broken_marker_counts_for_nothing(take_in, marker):
    number = ticket_of(take_in(mail()))
    whole = references.marker(number.number).partition("-")[2].strip("]")
    text = marker.format(n=number.number, short=whole[:8], whole=whole)
    answer = take_in(mail(f"> {text}", message_id="<m2@x>", subject="other"))
    assert (answer["state"], answer["reason"]) == ("ticketed", "new")


def test_a_marker_lets_no_stranger_in(take_in):
    ticket = ticket_of(take_in(mail()))
    text = f"> {references.marker(ticket.number)}"
    answer = take_in(mail(text, sender="eve@example.net", message_id="<e@x>", subject="other"))
    assert (answer["state"], answer["reason"]) == ("ticketed", "not_owner")
    assert Message.objects.filter(ticket=ticket).count() == 1


@pytest.mark.parametrize("place", [0, 199], ids=["first", "last"])
def test_references_of_ten_kilobytes_are_read_at_both_ends(take_in, agent, place):
    ticket = ticket_of(take_in(mail()))
    ids = [f"<{n}.{'x' * 40}@example.com>" for n in range(200)]
    ids[place] = reply_of_agent(ticket, agent)
    raw = mail("more", message_id="<m2@x>", subject="other")
    raw = raw.replace(b"Subject:", b"References: " + "\n ".join(ids).encode() + b"\nSubject:", 1)
    assert len(raw) > 10_000
    answer = take_in(raw)
    assert (answer["state"], answer["reason"]) == ("added", "signed_reference")


# --- another matter -----------------------------------------------------------------------------


@pytest.fixture
def done(take_in, agent) -> tuple[Ticket, str]:
    """A resolved ticket, and the id of the answer to it."""
    ticket = ticket_of(take_in(mail()))
    ours = reply_of_agent(ticket, agent)
    tickets.change(ticket, by=agent, status=Status.objects.get(slug="resolved"))
    ticket.refresh_from_db()
    return ticket, ours


def test_an_old_mail_used_for_something_new_opens_a_linked_ticket(take_in, done):
    ticket, ours = done
    answer = take_in(mail("A chair, please.", message_id="<m2@x>", subject="Re: New chair", In_Reply_To=ours))
    assert (answer["state"], answer["reason"]) == ("ticketed", "new_subject")
    opened = ticket_of(answer)
    assert opened.subject == "Re: New chair"
    assert TicketLink.objects.filter(ticket=opened, target=ticket, kind="follow_up").exists()
    item = InboundItem.objects.get(pk=answer["inbound"])
    assert item.reason_text == f"It answers #{ticket.number}, which is done, under another subject"
    ticket.refresh_from_db()
    assert ticket.category == "resolved"


@pytest.mark.parametrize("subject", ["AW: RE[2]: printer", "Re: {token} Anything", "Re: {token} Printer"])
def test_an_answer_under_the_known_subject_reopens(take_in, done, subject):
    ticket, ours = done
    subject = subject.format(token=references.subject_token(ticket.number))
    answer = take_in(mail("Not yet.", message_id="<m2@x>", subject=subject, In_Reply_To=ours))
    assert (answer["state"], answer["ticket"]) == ("added", ticket.number)
    ticket.refresh_from_db()
    assert ticket.category == "open"


def test_a_subject_that_was_mended_at_the_desk_is_known_by_the_first_one_too(take_in, done, agent):
    ticket, ours = done
    tickets.change(ticket, by=agent, subject="Printer on floor 2")
    answer = take_in(mail("Not yet.", message_id="<m2@x>", subject="Re: Printer", In_Reply_To=ours))
    assert (answer["state"], answer["ticket"]) == ("added", ticket.number)


def test_an_open_ticket_takes_answers_under_any_subject(take_in, agent):
    ticket = ticket_of(take_in(mail()))
    ours = reply_of_agent(ticket, agent)
    answer = take_in(mail("x", message_id="<m2@x>", subject="New chair", In_Reply_To=ours))
    assert (answer["state"], answer["ticket"]) == ("added", ticket.number)


@pytest.mark.parametrize(("days", "state"), [(13, "added"), (14, "ticketed")])
def test_an_answer_after_the_days_of_reopening_is_a_follow_up(take_in, done, days, state):
    ticket, ours = done
    Ticket.objects.filter(pk=ticket.pk).update(resolved_at=timezone.now() - timedelta(days=days, hours=1))
    answer = take_in(mail("Again.", message_id="<m2@x>", subject="Re: Printer", In_Reply_To=ours))
    assert answer["state"] == state
    assert TicketLink.objects.filter(target=ticket, kind="follow_up").exists() == (state == "ticketed")


@pytest.mark.parametrize("where", ["trash", "spam"])
def test_an_answer_to_a_ticket_in_the_trash_or_in_spam_is_never_lost(take_in, agent, where):
    ticket = ticket_of(take_in(mail()))
    ours = reply_of_agent(ticket, agent)
    thrown = {"trashed_at": timezone.now()} if where == "trash" else {"spam": True}
    Ticket.objects.filter(pk=ticket.pk).update(**thrown)
    answer = take_in(mail("Still there?", message_id="<m2@x>", In_Reply_To=ours))
    assert (answer["state"], answer["ticket"]) == ("added", ticket.number)
    ticket.refresh_from_db()
    assert (ticket.trashed, ticket.spam) == (False, where == "spam")


# --- two mailboxes ------------------------------------------------------------------------------

BOTH = "support@desk.example, sales@desk.example"


def test_one_mail_to_two_mailboxes_of_one_queue_is_one_ticket_with_a_note(take_in, second):
    first = take_in(mail(To=BOTH))
    answer = at(second, mail(To=BOTH))
    assert (answer["state"], answer["reason"]) == ("annotated", "other_mailbox")
    assert answer["ticket"] == first["ticket"]
    note = Message.objects.get(pk=answer["message"])
    assert (note.text, note.visibility, note.kind) == (
        "The same mail came in at sales@desk.example too.",
        "internal",
        "system",
    )
    assert Ticket.objects.count() == 1


def test_one_mail_to_two_mailboxes_of_two_queues_is_two_tickets(take_in, second):
    second.queue = Queue.objects.get(slug="network")
    second.save()
    first = take_in(mail(To=BOTH))
    answer = at(second, mail(To=BOTH))
    assert answer["state"] == "ticketed"
    assert answer["ticket"] != first["ticket"]


def test_an_answer_to_two_mailboxes_stands_once_in_its_ticket(take_in, second, agent):
    ticket = ticket_of(take_in(mail()))
    ours = reply_of_agent(ticket, agent)
    both = mail("Done.", To=BOTH, message_id="<m2@x>", In_Reply_To=ours)
    assert take_in(both)["state"] == "added"
    assert at(second, both)["reason"] == "other_mailbox"
    assert Message.objects.filter(ticket=ticket, text="Done.").count() == 1


def test_an_id_known_from_another_mailbox_makes_a_ticket_of_its_own(take_in, second):
    first = take_in(mail())
    answer = at(second, mail("more", message_id="<m2@x>", subject="Re: it", In_Reply_To="<m1@example.com>"))
    assert (answer["state"], answer["reason"]) == ("ticketed", "new")
    assert answer["ticket"] != first["ticket"]


def test_a_mail_to_one_mailbox_is_not_asked_after_its_twin(mailbox, django_assert_num_queries):
    from deskbell.channels import twins
    from deskbell.channels.email.parse import parse

    with django_assert_num_queries(0):
        assert twins.twin_of(InboundItem(channel=mailbox), parse(mail()), {"support@desk.example"}) is None


# --- tickets that look alike --------------------------------------------------------------------


@pytest.fixture
def alike(take_in, agent) -> tuple[Ticket, Ticket, Client]:
    older = ticket_of(take_in(mail()))
    tickets.change(older, by=agent, status=Status.objects.get(slug="resolved"))
    newer = ticket_of(take_in(mail("Again!", subject="AW: printer", message_id="<m2@x>")))
    desk = Client()
    desk.force_login(agent)
    return older, newer, desk


def beside(desk: Client, ticket: Ticket) -> str:
    return desk.get(f"/desk/tickets/{ticket.number}/around/").content.decode()


def test_a_ticket_of_the_same_subject_is_suggested_and_linked_by_hand(alike):
    older, newer, desk = alike
    assert newer.number != older.number
    words = f"Looks like #{older.number}: Printer"
    assert words in beside(desk, newer)
    assert "Looks like" not in beside(desk, older)
    answer = desk.post(f"/desk/tickets/{newer.number}/links/{older.number}/")
    assert answer.status_code == 302
    assert TicketLink.objects.get().target == older
    assert "Looks like" not in beside(desk, newer)


def test_nothing_is_suggested_after_a_week_nor_to_a_machine(alike):
    older, newer, desk = alike
    Message.objects.filter(ticket=newer).update(kind="auto")
    assert "Looks like" not in beside(desk, newer)
    Message.objects.filter(ticket=newer).update(kind="human")
    Ticket.objects.filter(pk=older.pk).update(updated_at=timezone.now() - timedelta(days=8))
    assert "Looks like" not in beside(desk, newer)


def test_who_may_not_edit_cannot_link(alike):
    older, newer, _desk = alike
    auditor = Client()
    auditor.force_login(stories.staff("auditor"))
    assert auditor.post(f"/desk/tickets/{newer.number}/links/{older.number}/").status_code == 403
    stranger = Client()
    stranger.force_login(stories.customer())
    assert stranger.post(f"/desk/tickets/{newer.number}/links/{older.number}/").status_code in (403, 404)
    assert not TicketLink.objects.exists()
