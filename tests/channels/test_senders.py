"""Who is blocked, and who is always welcome."""

from __future__ import annotations

import pytest

from deskbell.channels import actions, senders
from deskbell.channels.inbound import receive
from deskbell.channels.models import InboundItem, SenderRule
from deskbell.events.actor import SYSTEM
from deskbell.events.models import Event
from deskbell.people import actions as people
from deskbell.people.models import User
from deskbell.tickets.models import Ticket
from tests import stories
from tests.channels.conftest import mail, store

BLOCK, ALLOW = SenderRule.Kind.BLOCK, SenderRule.Kind.ALLOW


def came(mailbox, raw: bytes) -> InboundItem:
    return InboundItem.objects.get(pk=receive(store(mailbox, raw).pk)["inbound"])


def lists(**kinds: str) -> None:
    for kind, given in kinds.items():
        for one in given.split():
            actions.list_sender(one, kind=kind, by=SYSTEM)


def test_a_blocked_senders_mail_is_kept_and_becomes_nothing(mailbox):
    lists(block="spam@example.com")
    item = came(mailbox, mail(sender="Eve <SPAM@Example.com>"))
    assert (item.state, item.reason) == (InboundItem.State.BLOCKED, "sender_blocked")
    assert not Ticket.objects.exists()
    assert not User.objects.filter(identities__key="spam@example.com").exists()
    assert b"Eve" in bytes(item.raw)


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("a@example.com", BLOCK),
        ("A@EXAMPLE.COM", BLOCK),
        ("friend@example.com", ALLOW),
        ("a@sub.example.com", ""),
        ("a@example.com.evil.example", ""),
        ("example.com@other.example", ""),
        ("a@notexample.com", ""),
        ("a@xn--bcher-kva.example", BLOCK),
        ("a@bücher.example", BLOCK),
        ("no address", ""),
    ],
)
def test_an_address_or_a_domain_is_meant_exactly(db, address, kind):
    lists(block="example.com @bücher.example", allow="friend@example.com")
    assert senders.kind_of(address) == kind


def test_a_welcome_sender_is_never_held_back_for_his_number(mailbox):
    people.change_company(by=SYSTEM, tickets_per_sender=1)
    lists(allow="monitor@example.com")
    for n in range(3):
        item = came(mailbox, mail(sender="monitor@example.com", message_id=f"<{n}@x>", subject=f"Alarm {n}"))
        assert item.state == InboundItem.State.TICKETED
        other = came(mailbox, mail(sender="other@example.org", message_id=f"<{n}@y>", subject=f"Hello {n}"))
    assert (other.state, other.reason) == (InboundItem.State.QUARANTINED, "too_many")


def test_a_blocked_sender_cannot_answer_a_ticket_either(mailbox):
    ticket = Ticket.objects.get(pk=came(mailbox, mail(sender="a@example.com")).ticket_id)
    lists(block="example.com")
    item = came(mailbox, mail(sender="a@example.com", message_id="<2@x>", subject=f"#{ticket.number}"))
    assert (item.state, item.ticket_id) == (InboundItem.State.BLOCKED, None)


@pytest.mark.parametrize(
    "given", ["", "two words", "a@", "@", "localhost", "*@*.com", "a@b@c.de", "a@x" + "y" * 400]
)
def test_what_is_no_sender_is_refused(db, given):
    with pytest.raises(actions.BadSender, match="is neither an e-mail address nor a domain"):
        lists_one(given)


def lists_one(given: str) -> None:
    actions.list_sender(given, kind=BLOCK, by=SYSTEM)


def test_this_desk_and_its_people_cannot_be_blocked(mailbox):
    agent = stories.staff(name="Mara Lind")
    domain = agent.email.partition("@")[2]
    for given in (agent.email, domain):
        with pytest.raises(actions.BadSender, match="Mara Lind works here"):
            lists_one(given)
    with pytest.raises(actions.BadSender, match="is a mailbox of this desk"):
        lists_one(mailbox.address)
    actions.list_sender(domain, kind=ALLOW, by=SYSTEM)
    assert SenderRule.objects.get().sender == domain


def test_the_lists_are_told_and_only_for_administrators(db):
    owner, agent = stories.staff("owner"), stories.staff()
    with pytest.raises(actions.NotAllowed):
        actions.list_sender("a@example.com", kind=BLOCK, by=agent)
    row = actions.list_sender("a@example.com", kind=BLOCK, note="spam", by=owner)
    actions.list_sender("a@example.com", kind=BLOCK, note="spam", by=owner)
    assert actions.list_sender("A@example.com", kind=ALLOW, by=owner).pk == row.pk
    with pytest.raises(actions.NotAllowed):
        actions.unlist_sender(row, by=agent)
    actions.unlist_sender(row, by=owner)
    actions.unlist_sender(row, by=owner)
    told = Event.objects.filter(kind__startswith="sender.").select_related("detail").order_by("pk")
    assert [(one.kind, one.data["list"], one.detail.values["given"]) for one in told] == [
        ("sender.listed", "block", "a@example.com"),
        ("sender.listed", "allow", "a@example.com"),
        ("sender.unlisted", "allow", "a@example.com"),
    ]
