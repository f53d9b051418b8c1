"""What comes by mail for a ticket that was merged or split lands where its words stand."""

from __future__ import annotations

import pytest

from deskbell.channels.email import references
from deskbell.channels.models import InboundItem
from deskbell.tickets import actions as tickets
from deskbell.tickets.models import Message, Ticket
from tests.channels.conftest import mail
from tests.channels.test_intake import reply_of_agent, ticket_of


@pytest.fixture
def whole(take_in, agent) -> tuple[Ticket, Ticket, str]:
    """A ticket that was merged, the one it is part of, and the Message-ID of our answer in the first."""
    first = ticket_of(take_in(mail()))
    sent = reply_of_agent(first, agent)
    second = ticket_of(take_in(mail("Another thing", message_id="<m5@x>", subject="Another")))
    tickets.merge(first, second, by=agent)
    return first, second, sent


@pytest.mark.parametrize("how", ["address", "id", "subject", "marker"])
def test_each_way_back_leads_to_the_whole(take_in, whole, mailbox, how):
    first, second, sent = whole
    to = references.reply_address(mailbox.address, first.number) if how == "address" else mailbox.address
    subject = f"Re: x {references.subject_token(first.number)}" if how == "subject" else "Re: x"
    text = f"Thanks\n> {references.marker(first.number)}\n" if how == "marker" else "Thanks"
    raw = mail(text, message_id="<m9@x>", subject=subject, In_Reply_To=sent if how == "id" else "", To=to)
    answer = take_in(raw)
    assert (answer["state"], answer["ticket"]) == ("added", second.number)
    assert Message.objects.get(pk=answer["message"]).ticket_id == second.pk


def test_the_ledger_names_the_ticket_where_a_message_stands(whole):
    _first, second, _sent = whole
    assert set(InboundItem.objects.values_list("ticket_id", flat=True)) == {second.pk}


def test_who_may_not_read_the_whole_gets_a_ticket_of_his_own(take_in, agent):
    first = ticket_of(take_in(mail()))
    sent = reply_of_agent(first, agent)
    other = ticket_of(take_in(mail("Mine", sender="ole@elsewhere.example", message_id="<o@x>")))
    tickets.merge(first, other, by=agent, share=True)
    tickets.remove_copy(other, first.requester, by=agent)
    answer = take_in(mail("Hello?", message_id="<m9@x>", subject="Re: x", In_Reply_To=sent))
    assert (answer["state"], answer["reason"]) == ("ticketed", "not_owner")


def test_an_answer_to_a_message_that_was_split_off_goes_with_it(take_in, agent, mailbox):
    first = ticket_of(take_in(mail()))
    take_in(
        mail(
            "And my screen is black",
            message_id="<m2@x>",
            subject="Re",
            In_Reply_To=reply_of_agent(first, agent),
        )
    )
    sent = reply_of_agent(first, agent, "Which screen?")
    moved = list(first.messages.order_by("pk").values_list("pk", flat=True))[2:]
    opened = tickets.split(first, moved, subject="Screen", by=agent)
    # the mail was sent with the old ticket's address
    to = references.reply_address(mailbox.address, first.number)
    answer = take_in(mail("The left one", message_id="<m9@x>", subject="Re: x", In_Reply_To=sent, To=to))
    assert (answer["state"], answer["ticket"]) == ("added", opened.number)
