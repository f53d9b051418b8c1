"""From a raw mail to a ticket, through the one door."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deskbell.channels import actions, inbound, queries
from deskbell.channels.email import references
from deskbell.channels.models import Channel, InboundItem
from deskbell.events.models import Event
from deskbell.people.actions import create_user, deactivate, person_for_email
from deskbell.people.models import User
from deskbell.tickets import actions as tickets
from deskbell.tickets.content import Content
from deskbell.tickets.models import Message, Queue, Status, Ticket, TicketLink, Watcher
from tests.channels import build
from tests.channels.conftest import mail, store

MAILS = Path(__file__).parent / "mails"


def ticket_of(answer) -> Ticket:
    return Ticket.objects.get(number=answer["ticket"])


def reply_of_agent(ticket: Ticket, agent: User, text: str = "Please restart it.") -> str:
    """The agent's answer; returns the Message-ID of its mail."""
    message = tickets.reply(ticket, Content.markdown(text), by=agent)
    return references.message_id(ticket.pk, message.pk)


def test_a_first_mail_makes_a_person_and_a_ticket(take_in):
    answer = take_in(mail())
    ticket = ticket_of(answer)
    message = Message.objects.get(ticket=ticket)
    assert answer == {
        "inbound": InboundItem.objects.get().pk,
        "state": "ticketed",
        "reason": "new",
        "ticket": ticket.number,
        "message": message.pk,
    }
    assert (ticket.subject, ticket.source, ticket.channel, ticket.category) == (
        "Printer",
        "mail",
        "email",
        "new",
    )
    assert (ticket.requester.name, ticket.requester.email) == ("Lena Hart", "lena.hart@example.com")
    assert not ticket.requester.has_usable_password()
    assert (message.direction, message.visibility, message.text) == (
        "in",
        "public",
        "The printer is offline.",
    )
    assert (message.external_id, message.to) == ("<m1@example.com>", ["support@desk.example"])
    assert list(Event.objects.filter(about_kind="ticket").values_list("kind", flat=True)) == [
        "ticket.message_added",
        "ticket.opened",
    ]


def test_files_and_inline_images_come_along(take_in):
    answer = take_in((MAILS / "inline_image.eml").read_bytes())
    message = Message.objects.get(pk=answer["message"])
    files = [
        (file.filename, file.inline, file.content_id, file.blob.content_type, file.blob.path.read_bytes()[:4])
        for file in message.attachments.select_related("blob").order_by("pk")
    ]
    assert files == [
        ("error.png", True, "ii_error@1", "image/png", b"\x89PNG"),
        ("logo.png", False, "logo-without-brackets", "image/png", b"\x89PNG"),
    ]
    assert message.markup == "mail"
    assert 'src="cid:ii_Error@1"' in message.html


def test_html_from_outside_is_cleaned_at_intake(take_in):
    answer = take_in((MAILS / "html_only.eml").read_bytes())
    message = Message.objects.get(pk=answer["message"])
    assert "script" not in message.html and "alert" not in message.html
    assert message.remote_images == 1
    assert message.text.startswith("Hello,")


def test_the_same_mail_twice_is_one_message(take_in):
    first = take_in(b"Received: by a\n" + mail())
    second = take_in(b"Received: by b\n" + mail())
    assert second["state"] == "duplicate"
    assert (second["ticket"], second["message"]) == (first["ticket"], first["message"])
    assert InboundItem.objects.get(pk=second["inbound"]).duplicate_of == first["inbound"]
    assert Message.objects.count() == 1


def test_another_mail_under_a_used_id_is_taken(take_in):
    take_in(mail("one"))
    second = take_in(mail("two"))
    third = take_in(mail("two"))
    assert (second["state"], third["state"]) == ("ticketed", "duplicate")
    assert [m.text for m in Message.objects.order_by("pk")] == ["one", "two"]


def test_a_decided_item_is_left_alone(take_in):
    answer = take_in(mail())
    assert inbound.receive(answer["inbound"]) == answer
    assert Message.objects.count() == 1
    assert Event.objects.filter(kind="inbound.decided").count() == 1


def test_an_answer_finds_its_ticket_by_our_signed_id(take_in, agent):
    ticket = ticket_of(take_in(mail()))
    ours = reply_of_agent(ticket, agent)
    answer = take_in(
        mail("Done, thanks.", message_id="<m2@example.com>", subject="quite another", In_Reply_To=ours)
    )
    assert (answer["state"], answer["reason"], answer["ticket"]) == (
        "added",
        "signed_reference",
        ticket.number,
    )
    ticket.refresh_from_db()
    assert ticket.waiting_since is not None
    assert Message.objects.get(pk=answer["message"]).direction == "in"


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("references", "signed_reference"),
        ("theirs", "known_reference"),
        ("token", "subject_token"),
        ("number", "subject_number"),
        ("address", "reply_address"),
        ("envelope", "reply_address"),
    ],
)
def test_each_way_back_to_a_ticket(take_in, agent, how, reason):
    ticket = ticket_of(take_in(mail()))
    ours = reply_of_agent(ticket, agent)
    address = references.reply_address("support@desk.example", ticket.number)
    headers, envelope = {
        "references": ({"References": f"<x@y> {ours} <z@y>"}, {}),
        "theirs": ({"In_Reply_To": "<m1@example.com>"}, {}),
        "token": ({"subject": f"Re: {references.subject_token(ticket.number)} Printer"}, {}),
        "number": ({"subject": f"about #{ticket.number}"}, {}),
        "address": ({"To": f"Desk <{address}>"}, {}),
        "envelope": ({}, {"envelope_to": address}),
    }[how]
    answer = take_in(mail("more", message_id="<m2@example.com>", **headers), **envelope)
    assert (answer["state"], answer["reason"], answer["ticket"]) == ("added", reason, ticket.number)


@pytest.mark.parametrize("how", ["signed", "token", "address"])
def test_a_stranger_with_a_genuine_reference_gets_a_ticket_of_his_own(take_in, agent, how):
    ticket = ticket_of(take_in(mail()))
    ours = reply_of_agent(ticket, agent)
    headers = {
        "signed": {"In_Reply_To": ours},
        "token": {"subject": f"Re: {references.subject_token(ticket.number)} Printer"},
        "address": {"To": references.reply_address("support@desk.example", ticket.number)},
    }[how]
    answer = take_in(mail("let me in", sender="eve@example.net", message_id="<e1@example.net>", **headers))
    assert (answer["state"], answer["reason"]) == ("ticketed", "not_owner")
    assert answer["ticket"] != ticket.number
    assert Message.objects.filter(ticket=ticket).count() == 2
    assert TicketLink.objects.filter(ticket__number=answer["ticket"], target=ticket, kind="related").exists()


def test_a_stranger_quoting_a_number_is_not_even_linked(take_in):
    ticket = ticket_of(take_in(mail()))
    answer = take_in(
        mail(
            "me too", sender="eve@example.net", message_id="<e1@example.net>", subject=f"Re: #{ticket.number}"
        )
    )
    assert (answer["state"], answer["reason"]) == ("ticketed", "not_owner")
    assert not TicketLink.objects.exists()


def test_a_forged_reference_counts_for_nothing(take_in, agent):
    ticket = ticket_of(take_in(mail()))
    forged = re.sub(r"[0-9a-f]{16}@", "0" * 16 + "@", reply_of_agent(ticket, agent))
    answer = take_in(mail("x", message_id="<m2@example.com>", subject="Other", In_Reply_To=forged))
    assert (answer["state"], answer["reason"]) == ("ticketed", "new")


def test_somebody_copied_in_may_answer(take_in, agent):
    ticket = ticket_of(take_in(mail(Cc="Ben <ben@example.com>, support@desk.example")))
    assert [w.user.email for w in Watcher.objects.filter(ticket=ticket, kind="cc")] == ["ben@example.com"]
    ours = reply_of_agent(ticket, agent)
    answer = take_in(
        mail(
            "me too",
            sender="ben@example.com",
            message_id="<b1@example.com>",
            In_Reply_To=ours,
            Cc="eve@example.net",
        )
    )
    assert (answer["state"], answer["ticket"]) == ("added", ticket.number)
    assert not Watcher.objects.filter(user__email="eve@example.net").exists()


def test_a_bare_number_lets_nobody_be_copied_in(take_in):
    """Anybody can write the requester's address; only a signed reference may widen who reads along."""
    ticket = ticket_of(take_in(mail()))
    take_in(mail("x", message_id="<m2@example.com>", subject=f"#{ticket.number}", Cc="eve@example.net"))
    assert not Watcher.objects.filter(ticket=ticket, kind="cc").exists()


@pytest.mark.parametrize(
    ("to", "cc", "copied"),
    [
        ("support@desk.example, ben@example.com", "", ["ben@example.com"]),
        ("support+sales@desk.example", "ben@example.com, SUPPORT@desk.example", ["ben@example.com"]),
        ("info@alias.example", "", []),
        ("info@alias.example", "ben@example.com", ["ben@example.com"]),
        ("support@desk.example, lena.hart@example.com", "", []),
    ],
)
def test_people_named_beside_us_follow(take_in, to, cc, copied):
    headers = {"Cc": cc} if cc else {}
    ticket = ticket_of(take_in(mail(To=to, **headers)))
    assert [w.user.email for w in Watcher.objects.filter(ticket=ticket, kind="cc")] == copied


def test_at_most_twenty_are_copied_in(take_in):
    many = ", ".join(f"p{n}@example.com" for n in range(200))
    ticket = ticket_of(take_in(mail(Cc=many)))
    assert Watcher.objects.filter(ticket=ticket, kind="cc").count() == 20


def test_staff_cannot_act_by_unverified_mail(take_in, agent):
    ticket = ticket_of(take_in(mail()))
    ours = reply_of_agent(ticket, agent)
    before = Message.objects.count()
    answer = take_in(
        mail("Granted, we pay.", sender="mara@desk.example", message_id="<f1@example.com>", In_Reply_To=ours)
    )
    assert (answer["state"], answer["reason"]) == ("quarantined", "agent_by_mail")
    assert (answer["ticket"], Message.objects.count()) == (None, before)


def test_staff_may_ask_for_help_by_mail(take_in, agent):
    answer = take_in(mail("My chair", sender="mara@desk.example"))
    assert ticket_of(answer).requester == agent


def test_a_closed_account_is_set_aside(take_in):
    person, _ = person_for_email("gone@example.com", how="made")
    deactivate(person, by=create_user("o@desk.example", name="O", role="owner"))
    answer = take_in(mail(sender="gone@example.com"))
    assert (answer["state"], answer["reason"]) == ("quarantined", "deactivated")


def test_an_answer_reopens_a_resolved_ticket(take_in, agent):
    ticket = ticket_of(take_in(mail()))
    ours = reply_of_agent(ticket, agent)
    tickets.change(ticket, by=agent, status=Status.objects.get(slug="resolved"))
    take_in(mail("Not yet.", message_id="<m2@example.com>", In_Reply_To=ours))
    ticket.refresh_from_db()
    assert ticket.category == "open"


# --- automatic mail -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"X_Autoreply": "yes"},
        {"X_Auto_Response_Suppress": "All"},
        {"Auto_Submitted": "auto-generated", "X_MS_Exchange_Inbox_Rules_Loop": "lena.hart@example.com"},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_an_answering_machine_wakes_nothing_up(take_in, agent, headers):
    ticket = ticket_of(take_in(mail()))
    ours = reply_of_agent(ticket, agent)
    tickets.change(ticket, by=agent, status=Status.objects.get(slug="resolved"))
    ticket.refresh_from_db()
    version = ticket.version
    answer = take_in(mail("I am away.", message_id="<a1@example.com>", In_Reply_To=ours, **headers))
    ticket.refresh_from_db()
    note = Message.objects.get(pk=answer["message"])
    assert (answer["state"], answer["ticket"]) == ("annotated", ticket.number)
    assert (note.visibility, note.kind) == ("internal", "auto")
    assert (ticket.category, ticket.version, ticket.waiting_since) == ("resolved", version, None)


def test_an_answering_machine_opens_nothing(take_in):
    answer = take_in(mail("I am away.", Auto_Submitted="auto-replied"))
    assert (answer["state"], answer["reason"]) == ("blocked", "automatic_without_ticket")
    assert not Ticket.objects.exists() and not User.objects.filter(email="lena.hart@example.com").exists()


def test_the_absence_of_an_agent_is_dropped(take_in, agent):
    ticket = ticket_of(take_in(mail()))
    notice = references.message_id(ticket.pk, part="e5u1")
    answer = take_in(
        mail(
            "Away",
            sender="mara@desk.example",
            message_id="<a@x>",
            In_Reply_To=notice,
            Auto_Submitted="auto-replied",
        )
    )
    assert (answer["state"], answer["reason"]) == ("blocked", "absence_of_staff")


def test_our_own_mail_coming_back_is_blocked(take_in):
    ours = references.message_id(1, 2)
    assert take_in(mail(message_id=ours))["reason"] == "own_loop"
    assert take_in(mail(sender="support@desk.example", message_id="<x@y>"))["reason"] == "own_loop"
    plus = references.reply_address("support@desk.example", 7)
    assert take_in(mail(sender=plus, message_id="<x2@y>"))["reason"] == "own_loop"
    assert not Ticket.objects.exists()


def test_a_list_may_open_a_ticket_but_is_not_answered(take_in):
    answer = take_in((MAILS / "mailing_list.eml").read_bytes())
    assert answer["state"] == "ticketed"
    assert not InboundItem.objects.get().answerable


def test_a_monitor_opens_a_ticket_marked_as_automatic(take_in):
    answer = take_in((MAILS / "monitoring.eml").read_bytes())
    assert answer["state"] == "ticketed"
    assert Message.objects.get(pk=answer["message"]).kind == "auto"
    assert Event.objects.get(kind="ticket.opened").data["automatic"] is True


def test_a_bounce_is_told_on_its_ticket(take_in, agent):
    ticket = ticket_of(take_in(mail()))
    ours = reply_of_agent(ticket, agent)
    raw = (MAILS / "bounce.eml").read_text().replace("<t7.m9.0000000000000000@desk.example>", ours)
    answer = take_in(raw.encode())
    note = Message.objects.get(pk=answer["message"])
    assert (answer["state"], answer["reason"], answer["ticket"]) == ("annotated", "bounce", ticket.number)
    assert (note.kind, note.visibility, note.author) == ("bounce", "internal", None)
    assert not User.objects.filter(email__startswith="mailer-daemon").exists()


def test_a_bounce_of_nothing_is_set_aside(take_in):
    answer = take_in((MAILS / "bounce.eml").read_bytes())
    assert (answer["state"], answer["reason"]) == ("quarantined", "bounce_unmatched")


# --- what fails ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["no_headers", "broken_message_id"])
def test_a_mail_without_sender_is_set_aside(take_in, name):
    answer = take_in((MAILS / f"{name}.eml").read_bytes())
    assert (answer["state"], answer["reason"]) == ("quarantined", "no_sender")


@pytest.mark.parametrize("path", sorted(MAILS.glob("*.eml")), ids=lambda path: path.stem)
def test_every_captured_mail_is_decided_without_a_failure(take_in, path):
    answer = take_in(path.read_bytes())
    assert answer["state"] != "received"
    assert answer["reason"] != "failed"
    assert queries.totals()["balanced"]


def test_a_failure_is_set_aside_without_quoting_the_mail_and_can_be_replayed(take_in, caplog):
    Queue.objects.update(active=False)  # nothing here can take a ticket
    answer = take_in(mail("a secret of the mail"))
    item = InboundItem.objects.get()
    assert (answer["state"], answer["reason"]) == ("quarantined", "failed")
    assert re.fullmatch(r"IndexError at channels/verdicts\.py:\d+", item.reason_text)
    assert "secret" not in caplog.text
    assert not Ticket.objects.exists() and not User.objects.exists()
    Queue.objects.update(active=True)
    actions.replay(item.pk)
    assert inbound.receive(item.pk)["state"] == "ticketed"
    assert [event.kind for event in Event.objects.filter(about_kind="inbounditem").order_by("pk")] == [
        "inbound.decided",
        "inbound.replayed",
        "inbound.decided",
    ]


def test_only_what_is_set_aside_can_be_replayed(take_in):
    answer = take_in(mail())
    with pytest.raises(actions.NotQuarantined):
        actions.replay(answer["inbound"])
    assert Message.objects.count() == 1


def test_a_disk_that_refuses_is_no_reason_to_set_a_mail_aside(mailbox, settings, tmp_path):
    item = store(mailbox, (MAILS / "inline_image.eml").read_bytes())
    good, settings.FILES_DIR = settings.FILES_DIR, tmp_path / "file" / "below"
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OSError):
        inbound.receive(item.pk)
    item.refresh_from_db()
    assert (item.state, item.attempts) == ("received", 1)
    settings.FILES_DIR = good
    assert inbound.receive(item.pk)["state"] == "ticketed"


def test_a_mail_that_never_comes_to_a_decision_is_set_aside(mailbox):
    item = store(mailbox, mail())
    InboundItem.objects.filter(pk=item.pk).update(attempts=inbound.MAX_ATTEMPTS)
    assert inbound.receive(item.pk)["reason"] == "gave_up"
    assert not Ticket.objects.exists()


def test_totals_add_up(take_in, mailbox):
    take_in(mail())
    take_in(mail())
    take_in(mail(sender="nobody", message_id="<q@x>"))
    store(mailbox, mail(message_id="<w@x>"))
    assert queries.totals() == {
        "received": 4,
        "waiting": 1,
        "ticketed": 1,
        "added": 0,
        "annotated": 0,
        "quarantined": 1,
        "blocked": 0,
        "duplicate": 1,
        "balanced": True,
    }
    assert [row["state"] for row in queries.inbox()] == ["received", "quarantined", "duplicate", "ticketed"]
    assert [row["reason"] for row in queries.inbox("quarantined")] == ["no_sender"]


def test_mails_of_a_mailbox_go_to_its_queue(take_in, mailbox):
    actions.add_channel("email", name="Network", address="Netz@Büro.example", queue="network")
    channel = Channel.objects.get(name="Network")
    assert channel.address == "netz@xn--bro-hoa.example"
    answer = inbound.receive(store(channel, mail()).pk)
    assert ticket_of(answer).queue.name == "Network"


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "fax", "name": "x", "address": "a@b.example"},
        {"kind": "email", "name": "x", "address": "nobody"},
        {"kind": "email", "name": "x", "address": "support@DESK.example"},
        {"kind": "email", "name": "x", "address": "a@b.example", "queue": "nowhere"},
        {"kind": "email", "name": "x", "address": "a@b.example", "authserv_id": "two words"},
    ],
    ids=["kind", "address", "taken", "queue", "authserv-id"],
)
def test_a_bad_channel_is_refused(mailbox, values):
    with pytest.raises(actions.BadChannel):
        actions.add_channel(values.pop("kind"), **values)
    assert queries.own_addresses() == {"support@desk.example"}


# --- faults other desks are known for -----------------------------------------------------------


def test_one_mail_to_two_mailboxes_reaches_both(mailbox):
    other = actions.add_channel("email", name="Network", address="network@desk.example", queue="network")
    raw = mail(To="support@desk.example, network@desk.example")
    answers = [inbound.receive(store(channel, raw).pk) for channel in (mailbox, other)]
    assert [answer["state"] for answer in answers] == ["ticketed", "ticketed"]
    assert [ticket_of(answer).queue.name for answer in answers] == ["Support", "Network"]
    assert not Watcher.objects.filter(kind="cc").exists()


def test_an_answer_to_a_trashed_ticket_is_not_lost(take_in, agent):
    ticket = ticket_of(take_in(mail()))
    ours = reply_of_agent(ticket, agent)
    tickets.trash(ticket, by=create_user("o@desk.example", name="O", role="owner"))
    answer = take_in(mail("Still broken.", message_id="<m2@example.com>", In_Reply_To=ours))
    ticket.refresh_from_db()
    assert (answer["state"], answer["ticket"], ticket.trashed_at) == ("added", ticket.number, None)


def test_an_answer_to_a_spam_ticket_is_kept_there(take_in, agent):
    ticket = ticket_of(take_in(mail()))
    ours = reply_of_agent(ticket, agent)
    tickets.mark_spam(ticket, by=create_user("o@desk.example", name="O", role="owner"))
    answer = take_in(mail("No spam.", message_id="<m2@example.com>", In_Reply_To=ours))
    assert (answer["state"], answer["ticket"]) == ("added", ticket.number)
    assert Message.objects.filter(ticket=ticket, text="No spam.").exists()


def test_a_part_of_a_known_id_finds_nothing(take_in):
    take_in(mail(message_id="<m1@example.com>"))
    answer = take_in(mail(message_id="<m2@example.com>", subject="Other", In_Reply_To="<m1@example.co>"))
    assert (answer["state"], answer["reason"]) == ("ticketed", "new")


def test_one_bad_mail_does_not_hold_back_those_after_it(take_in):
    raw = mail("poison", message_id="<p@example.com>")
    Queue.objects.update(active=False)
    assert take_in(raw)["reason"] == "failed"
    Queue.objects.update(active=True)
    assert take_in(mail(message_id="<m2@example.com>"))["state"] == "ticketed"


@pytest.mark.parametrize("precedence", ["bulk", "list", "junk", "special-delivery"])
def test_any_precedence_still_makes_a_ticket(take_in, precedence):
    assert take_in(mail(Precedence=precedence))["state"] == "ticketed"


def test_a_mailed_file_keeps_its_name_in_the_list_and_never_on_the_disk(take_in):
    part = build.leaf("text/x-php", b"<?php system(1);", filename="shell.php")
    raw = build.headed(build.multipart("mixed", build.text("look"), part))
    file = Message.objects.get(pk=take_in(raw)["message"]).attachments.get()
    assert file.filename == "shell.php" and "php" not in file.blob.path.name


def test_of_two_hundred_recipients_a_hundred_are_kept(take_in):
    many = ", ".join(f"p{n}@example.com" for n in range(200))
    message = Message.objects.get(pk=take_in(mail(To=f"support@desk.example, {many}"))["message"])
    assert len(message.to) == 100


def test_a_plain_mail_costs_few_queries(take_in, agent, django_assert_max_num_queries):
    ticket = ticket_of(take_in(mail()))
    ours = reply_of_agent(ticket, agent)
    with django_assert_max_num_queries(31):
        take_in(mail("more", message_id="<m2@example.com>", In_Reply_To=ours))
    with django_assert_max_num_queries(37):
        take_in(mail("new", message_id="<m3@example.com>"))
