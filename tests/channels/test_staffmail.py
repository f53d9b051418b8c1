"""Mails of people who work here, real and forged; and who a mail's sender really is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.mime.message import MIMEMessage

import pytest

from deskbell.channels.email import forwarded, references
from deskbell.channels.email.authentication import verified
from deskbell.channels.email.parse import parse
from deskbell.channels.models import Channel
from deskbell.kit.secrets import unseal
from deskbell.notifications import mail as notices
from deskbell.notifications.notice import Notice
from deskbell.outbox.models import OutboxItem
from deskbell.people.actions import create_user, deactivate
from deskbell.people.models import User
from deskbell.tickets import actions as tickets
from deskbell.tickets.content import Content
from deskbell.tickets.models import Message, Ticket
from tests.channels.build import headed, inner_mail, leaf, multipart, text
from tests.channels.conftest import mail

OURS = "mx.desk.example"
PASS = f"{OURS}; dmarc=pass header.from=desk.example"
STAFF = {"sender": "Mara Lind <mara@desk.example>"}


@pytest.fixture
def trusting(mailbox) -> Channel:
    """The mailbox, with a server that tells who sent a mail."""
    mailbox.authserv_id = OURS
    mailbox.plus_addresses = True
    mailbox.save(update_fields=["authserv_id", "plus_addresses"])
    return mailbox


@pytest.fixture
def ticket(take_in, agent) -> Ticket:
    return Ticket.objects.get(number=take_in(mail(message_id="<first@example.com>"))["ticket"])


def texts(ticket: Ticket) -> list[tuple[str, str, str]]:
    rows = Message.objects.filter(ticket=ticket).order_by("pk")
    return [(row.visibility, row.author.email if row.author else "", row.text) for row in rows]


# --- who sent it --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([f"{OURS}; dmarc=pass (p=reject) header.from=example.com"], True),
        ([f"{OURS} 1; dmarc=pass"], True),
        ([f"{OURS.upper()}; spf=pass smtp.mailfrom=bounce@example.com"], True),
        ([f"{OURS}; dkim=pass header.d=example.com header.s=k"], True),
        ([f"{OURS}; dkim=pass header.i=@com"], False),
        ([f"{OURS}; dkim=pass header.d=example.net; spf=pass smtp.mailfrom=a@example.net"], False),
        ([f"{OURS}; dkim=pass header.d=mallory.example.com"], False),
        ([f"{OURS}; dkim=pass header.d=example.com; dmarc=fail header.from=example.com"], False),
        ([f"{OURS}; dmarc=pass header.from=example.net"], False),
        ([f"{OURS}; dmarc=none; spf=softfail smtp.mailfrom=a@example.com"], False),
        ([f"{OURS}; dmarc=none header.from=example.com; dkim=pass header.d=example.com"], True),
        (["mx.elsewhere.example; dmarc=pass header.from=example.com"], False),
        ([f"{OURS}; dmarc=fail", f"{OURS}; dmarc=pass header.from=example.com"], False),
        (["mx.elsewhere.example; dmarc=fail", f"{OURS}; dmarc=pass header.from=example.com"], True),
        ([f"{OURS}; spf=fail (of <x>; dmarc=pass header.from=example.com) smtp.mailfrom=a@b.example"], False),
        ([f'{OURS}; spf=fail smtp.mailfrom="a; dmarc=pass"@example.com'], False),
        ([f"{OURS}.evil.example; dmarc=pass header.from=example.com"], False),
        ([f"{OURS}; none"], False),
        ([""], False),
        ([], False),
    ],
)
def test_only_the_word_of_the_own_server_counts(results, expected):
    assert verified(results, by=OURS, sender="lena@example.com") is expected


def test_without_a_named_server_nobody_is_verified():
    assert not verified([f"{OURS}; dmarc=pass"], by="", sender="lena@example.com")


def test_a_domain_above_the_senders_may_sign_for_it():
    assert verified([f"{OURS}; dkim=pass header.d=example.com"], by=OURS, sender="a@mail.example.com")


def test_the_message_tells_whether_its_sender_is_verified(take_in, trusting):
    good = f"{OURS}; dmarc=pass header.from=example.com"
    one = take_in(mail(Authentication_Results=good))
    two = take_in(mail(message_id="<m2@example.com>", Authentication_Results=f"x.example; {good}"))
    assert [Message.objects.get(pk=each["message"]).details for each in (one, two)] == [
        {"sender": "verified"},
        {"sender": "unverified"},
    ]


def test_a_mailbox_that_names_no_server_tells_nothing(take_in):
    answer = take_in(mail(Authentication_Results=f"{OURS}; dmarc=pass header.from=example.com"))
    assert Message.objects.get(pk=answer["message"]).details == {}


def test_two_senders_are_nobody(take_in, trusting):
    raw = mail(Authentication_Results=f"{OURS}; dmarc=pass header.from=example.com")
    answer = take_in(b"From: Eve <eve@example.net>\n" + raw)
    assert Message.objects.get(pk=answer["message"]).details == {"sender": "unverified"}


def test_staff_see_the_mark_and_customers_do_not(take_in, trusting, client, agent):
    answer = take_in(mail(Authentication_Results=f"{OURS}; dmarc=pass header.from=example.com"))
    client.force_login(agent)
    assert "sender verified" in client.get(f"/desk/tickets/{answer['ticket']}/").content.decode()
    client.force_login(User.objects.get(email="lena.hart@example.com"))
    page = client.get(f"/portal/tickets/{answer['ticket']}/")
    assert page.status_code == 200 and "sender verified" not in page.content.decode()


def test_reply_to_makes_nobody_a_customer(take_in):
    answer = take_in(mail(Reply_To="Eve <eve@example.net>"))
    assert Ticket.objects.get(number=answer["ticket"]).requester.email == "lena.hart@example.com"
    assert not User.objects.filter(email="eve@example.net").exists()


# --- answers of staff ---------------------------------------------------------------------------


def notice_of(ticket: Ticket) -> str:
    return references.message_id(ticket.pk, part="e5u1")


def test_a_verified_answer_of_staff_is_a_note(take_in, trusting, ticket, agent):
    answer = take_in(
        mail(
            "Call them first.\n\n> old\n> words\n> here",
            **STAFF,
            message_id="<n1@desk.example>",
            In_Reply_To=notice_of(ticket),
            Authentication_Results=PASS,
        )
    )
    assert (answer["state"], answer["reason"], answer["ticket"]) == ("annotated", "agent_note", ticket.number)
    assert texts(ticket)[-1] == ("internal", "mara@desk.example", "Call them first.")
    assert Message.objects.get(pk=answer["message"]).direction == "out"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authentication_Results": f"{OURS}; dmarc=fail header.from=desk.example"},
        {"Authentication_Results": "mx.evil.example; dmarc=pass header.from=desk.example"},
        {"Authentication_Results": f"{OURS}; dmarc=pass header.from=evil.example"},
        {"Authentication_Results": PASS, "Auto_Submitted": "auto-generated"},
    ],
    ids=["none", "failed", "another server", "another domain", "a machine"],
)
@pytest.mark.parametrize("public", [False, True], ids=["notice", "public address"])
def test_a_forged_answer_of_staff_does_nothing(take_in, trusting, ticket, agent, headers, public):
    before = texts(ticket)
    to = references.staff_address("support@desk.example", ticket.number, agent.pk, public=True)
    answer = take_in(
        mail(
            "Granted, we pay.",
            **STAFF,
            message_id="<n1@desk.example>",
            In_Reply_To=notice_of(ticket),
            To=to if public else "support@desk.example",
            **headers,
        )
    )
    assert (answer["state"], answer["reason"]) == ("quarantined", "agent_by_mail")
    assert texts(ticket) == before and Ticket.objects.count() == 1


def test_under_the_public_address_a_verified_answer_reaches_the_customer(take_in, trusting, ticket, agent):
    to = references.staff_address("support@desk.example", ticket.number, agent.pk, public=True)
    written = "We come on Friday.\n\n##- Please write your answer above this line -##\nsecret note"
    answer = take_in(
        mail(written, **STAFF, message_id="<n1@desk.example>", To=to, Authentication_Results=PASS)
    )
    assert (answer["state"], answer["reason"]) == ("added", "agent_reply")
    assert texts(ticket)[-1] == ("public", "mara@desk.example", "We come on Friday.")
    message = Message.objects.get(pk=answer["message"])
    assert (message.html, message.new_text) == ("", "We come on Friday.")


def test_quoted_history_is_never_sent_on(take_in, trusting, ticket, agent):
    to = references.staff_address("support@desk.example", ticket.number, agent.pk, public=True)
    written = "##- Please write your answer above this line -##\nsecret note\n\nMy answer is below."
    answer = take_in(
        mail(written, **STAFF, message_id="<n1@desk.example>", To=to, Authentication_Results=PASS)
    )
    assert (answer["state"], answer["reason"]) == ("annotated", "agent_note")
    assert texts(ticket)[-1][0] == "internal"


def test_the_public_address_of_somebody_else_makes_a_note(take_in, trusting, ticket, agent):
    other = create_user("ida@desk.example", name="Ida Brandt", role="agent")
    to = references.staff_address("support@desk.example", ticket.number, other.pk, public=True)
    answer = take_in(mail("x", **STAFF, message_id="<n1@d>", To=to, Authentication_Results=PASS))
    assert answer["reason"] == "agent_note"


def test_who_may_not_write_at_the_desk_may_not_by_mail(take_in, trusting, ticket):
    auditor = create_user("ruth@desk.example", name="Ruth Abel", role="auditor")
    before = texts(ticket)
    for number, to in enumerate(
        (
            references.staff_address("support@desk.example", ticket.number, auditor.pk, public=True),
            references.staff_address("support@desk.example", ticket.number, auditor.pk, public=False),
        )
    ):
        answer = take_in(
            mail(
                "x",
                sender="ruth@desk.example",
                message_id=f"<r{number}@d>",
                To=to,
                Authentication_Results=PASS,
            )
        )
        assert (answer["state"], answer["reason"]) == ("quarantined", "not_allowed")
    assert texts(ticket) == before


def test_addresses_of_staff_are_signed():
    address = references.staff_address("support@desk.example", 1042, 7, public=True)
    assert references.staff_token(address) == (1042, 7, True)
    assert references.number_in_address(address) == 1042
    for forged in (
        address.replace("+r", "+n"),
        address.replace(".7-", ".8-"),
        address.replace("1042", "1043"),
    ):
        assert references.staff_token(forged) is None
    assert references.base_address(address) == "support@desk.example"
    customers = references.reply_address("support@desk.example", 1042)
    assert references.staff_token(customers) is None


@pytest.mark.parametrize("named", [True, False], ids=["a server named", "none"])
def test_a_notice_says_what_an_answer_becomes(mailbox, ticket, agent, named):
    Channel.objects.update(authserv_id=OURS if named else "", plus_addresses=True)
    notice = Notice(
        text="assigned",
        kind="ticket.assigned",
        cause=("event", 7),
        ticket=ticket,
        message=Message.objects.get(ticket=ticket),
        answerable=False,
    )
    notices.put(notice, agent)
    payload = unseal(bytes(OutboxItem.objects.get(kind="ticket.assigned").payload or b""))
    note = references.staff_address("support@desk.example", ticket.number, agent.pk, public=False)
    public = references.staff_address("support@desk.example", ticket.number, agent.pk, public=True)
    for form in ("text", "html"):
        assert ("becomes an internal note" in payload[form]) is named
        assert (public in payload[form]) is named
        assert ("Please answer at the desk" in payload[form]) is not named
        assert ("##- " in payload[form]) is named
    assert payload.get("reply_to") == (note if named else None)


# --- forwarded mails ----------------------------------------------------------------------------

BODY = "The reader at gate 2 is dead.\n\nSince: Monday\nTariq"


def outlook(sender: str, date: str, to: str, subject: str, colon: str = ":") -> str:
    return (
        f"Please look.\n\n________________________________\n{sender}{colon} Tariq Noor <tariq@example.net>\n"
        f"{date}\n{to}{colon} Mara Lind <mara@desk.example>\n{subject}{colon} Broken door reader\n\n{BODY}\n"
    )


def gmail(line: str, sender: str, date: str, subject: str, to: str, colon: str = ":") -> str:
    return (
        f"Please look.\n\n{line}\n{sender}{colon} Tariq Noor <tariq@example.net>\n{date}\n"
        f"{subject}{colon} Broken door reader\n{to}{colon} <mara@desk.example>\n\n\n{BODY}\n"
    )


def apple(line: str, sender: str, subject: str, date: str, to: str, colon: str = ":") -> str:
    head = (
        f"{sender}{colon} Tariq Noor <tariq@example.net>\n{subject}{colon} Broken door reader\n"
        f"{date}\n{to}{colon} mara@desk.example"
    )
    quoted = "\n".join(f"> {each}".rstrip() for each in f"{head}\n\n{BODY}".split("\n"))
    return f"Please look.\n\n> {line}\n> \n{quoted}\n"


def thunderbird(line: str, subject: str, date: str, sender: str, to: str, colon: str = ":") -> str:
    return (
        f"Please look.\n\n\n{line}\n{subject}{colon} \tBroken door reader\n"
        f"{date} \tMon, 9 Nov 2026 09:12:00 +0100\n"
        f"{sender}{colon} \tTariq Noor <tariq@example.net>\n{to}{colon} \tmara@desk.example\n\n\n\n{BODY}\n"
    )


FORWARDS = {
    "outlook-en": ("FW:", outlook("From", "Sent: Monday, November 9, 2026 9:12 AM", "To", "Subject")),
    "outlook-de": ("WG:", outlook("Von", "Gesendet: Montag, 9. November 2026 09:12", "An", "Betreff")),
    "outlook-fr": ("TR:", outlook("De", "Envoyé\xa0: lundi 9 novembre 2026 09:12", "À", "Objet", "\xa0:")),
    "outlook-es": ("RV:", outlook("De", "Enviado el: lunes, 9 de noviembre de 2026 9:12", "Para", "Asunto")),
    "outlook-it": ("I:", outlook("Da", "Inviato: lunedì 9 novembre 2026 09:12", "A", "Oggetto")),
    "gmail-en": (
        "Fwd:",
        gmail(
            "---------- Forwarded message ---------",
            "From",
            "Date: Mon, Nov 9, 2026 at 9:12 AM",
            "Subject",
            "To",
        ),
    ),
    "gmail-de": (
        "Fwd:",
        gmail(
            "---------- Weitergeleitete Nachricht ---------",
            "Von",
            "Date: Mo., 9. Nov. 2026 um 09:12 Uhr",
            "Subject",
            "To",
        ),
    ),
    "gmail-fr": (
        "Fwd:",
        gmail(
            "---------- Message transféré ---------",
            "De",
            "Date: lun. 9 nov. 2026 à 09:12",
            "Subject",
            "To",
            " :",
        ),
    ),
    "gmail-es": (
        "Fwd:",
        gmail(
            "---------- Forwarded message ---------",
            "De",
            "Date: lun, 9 nov 2026 a las 9:12",
            "Subject",
            "To",
        ),
    ),
    "gmail-it": (
        "Fwd:",
        gmail(
            "---------- Forwarded message ---------",
            "Da",
            "Date: lun 9 nov 2026 alle ore 09:12",
            "Subject",
            "To",
        ),
    ),
    "apple-en": (
        "Fwd:",
        apple("Begin forwarded message:", "From", "Subject", "Date: 9 November 2026 at 09:12:00 CET", "To"),
    ),
    "apple-de": (
        "Fwd:",
        apple(
            "Anfang der weitergeleiteten Nachricht:",
            "Von",
            "Betreff",
            "Datum: 9. November 2026 um 09:12:00 MEZ",
            "An",
        ),
    ),
    "apple-fr": (
        "Fwd:",
        apple(
            "Début du message transféré\xa0:",
            "De",
            "Objet",
            "Date: 9 novembre 2026 à 09:12:00 UTC+1",
            "À",
            " :",
        ),
    ),
    "apple-es": (
        "Fwd:",
        apple(
            "Inicio del mensaje reenviado:",
            "De",
            "Asunto",
            "Fecha: 9 de noviembre de 2026, 9:12:00 CET",
            "Para",
        ),
    ),
    "apple-it": (
        "Fwd:",
        apple(
            "Inizio messaggio inoltrato:", "Da", "Oggetto", "Data: 9 novembre 2026 alle ore 09:12:00 CET", "A"
        ),
    ),
    "thunderbird-en": (
        "Fwd:",
        thunderbird("-------- Forwarded Message --------", "Subject", "Date:", "From", "To"),
    ),
    "thunderbird-de": (
        "Fwd:",
        thunderbird("-------- Weitergeleitete Nachricht --------", "Betreff", "Datum:", "Von", "An"),
    ),
    "thunderbird-fr": (
        "Fwd:",
        thunderbird("-------- Message transféré --------", "Sujet", "Date :", "De", "Pour", " :"),
    ),
    "thunderbird-es": (
        "Fwd:",
        thunderbird("-------- Mensaje reenviado --------", "Asunto", "Fecha:", "De", "Para"),
    ),
    "thunderbird-it": (
        "Fwd:",
        thunderbird("-------- Messaggio inoltrato --------", "Oggetto", "Data:", "Mittente", "A"),
    ),
}


@pytest.mark.parametrize("name", FORWARDS)
def test_who_wrote_a_forwarded_mail_is_read(name, settings):
    settings.BASE_URL = "https://desk.example"
    mark, words = FORWARDS[name]
    read = parse(
        mail(words, **STAFF, subject=f"{mark} Broken door reader", Date="Mon, 09 Nov 2026 10:00:00 +0100")
    )
    original = forwarded.original(read)
    assert forwarded.is_forward(read) and original is not None
    assert (original.sender, original.subject, original.text, original.comment) == (
        ("Tariq Noor", "tariq@example.net"),
        "Broken door reader",
        BODY,
        "Please look.",
    )
    assert original.date == datetime(2026, 11, 9, 8, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "words",
    [
        "No head at all.",
        "From: Tariq\nSent: yesterday\nTo: Mara\n\nno address",
        "Please ask tariq@example.net.\nFrom: tariq@example.net\n\nonly one line of a head",
    ],
)
def test_what_names_nobody_is_not_guessed(words, settings):
    settings.BASE_URL = "https://desk.example"
    assert forwarded.original(parse(mail(words, **STAFF, subject="Fwd: x"))) is None


def test_a_long_forward_costs_little(settings):
    settings.BASE_URL = "https://desk.example"
    words = "From: a\n" * 20_000 + "Subject:\n" * 20_000
    assert forwarded.original(parse(mail(words, **STAFF, subject="Fwd: x"))) is None


def forward(words: str = "", *, pass_: bool = True, **headers: str) -> bytes:
    words = words or FORWARDS["outlook-de"][1]
    more = {"Authentication_Results": PASS} if pass_ else {}
    return mail(
        words,
        **{**STAFF, "subject": "WG: Broken door reader", "message_id": "<f1@desk.example>"},
        **more,
        **headers,
    )


def test_a_verified_forward_is_a_ticket_of_who_wrote_it(take_in, trusting, agent):
    answer = take_in(forward())
    ticket = Ticket.objects.get(number=answer["ticket"])
    assert (answer["state"], answer["reason"]) == ("ticketed", "on_behalf")
    assert (ticket.requester.email, ticket.requester.name, ticket.subject) == (
        "tariq@example.net",
        "Tariq Noor",
        "Broken door reader",
    )
    assert texts(ticket) == [
        ("public", "tariq@example.net", BODY),
        ("internal", "mara@desk.example", "Please look."),
    ]
    message = Message.objects.get(pk=answer["message"])
    assert (message.html, message.direction) == ("", "in")


def test_the_original_date_is_kept_and_shown(take_in, trusting, agent, client):
    day = datetime.now(UTC) - timedelta(days=2)
    words = FORWARDS["outlook-de"][1].replace("9. November 2026", f"{day.day}.{day.month}.{day.year}")
    answer = take_in(forward(words))
    message = Message.objects.get(pk=answer["message"])
    assert message.sent_at is not None and message.sent_at.date() == day.date()
    client.force_login(agent)
    assert "written on " in client.get(f"/desk/tickets/{answer['ticket']}/").content.decode()


def test_an_attached_mail_is_the_best_witness(take_in, trusting, agent):
    inside = inner_mail("Gate 2 says E42.")
    inside.add_alternative("<p>Gate 2 says <b>E42</b>.</p>", subtype="html")
    inside.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="gate.png")
    whole = multipart(
        "mixed",
        text("Please look."),
        MIMEMessage(inside),
        leaf("application/pdf", b"%PDF", filename="mine.pdf"),
    )
    raw = headed(
        whole,
        From="Mara Lind <mara@desk.example>",
        Subject="Fwd: Broken door reader",
        Authentication_Results=PASS,
    )
    answer = take_in(raw)
    ticket = Ticket.objects.get(number=answer["ticket"])
    assert ticket.requester.email == "tariq@example.net"
    first, note = Message.objects.filter(ticket=ticket).order_by("pk")
    assert (first.text, first.external_id) == ("Gate 2 says E42.", "<inner-1@example.net>")
    assert "<b>E42</b>" in first.html and "Please look" not in first.html + first.text
    assert [file.filename for file in first.attachments.all()] == ["gate.png"]
    assert (note.visibility, note.text) == ("internal", "Please look.")
    assert [file.filename for file in note.attachments.all()] == ["mine.pdf"]


def test_without_a_named_server_a_forward_opens_a_ticket_and_is_believed_no_further(take_in, agent):
    answer = take_in(forward(pass_=False))
    ticket = Ticket.objects.get(number=answer["ticket"])
    assert answer["reason"] == "on_behalf"
    assert texts(ticket) == [
        ("public", "tariq@example.net", BODY),
        (
            "internal",
            "",
            "Forwarded by mail in the name of Mara Lind. The sender was not verified.\n\nPlease look.",
        ),
    ]
    assert not OutboxItem.objects.exists()


def test_a_forged_forward_is_a_ticket_of_its_from(take_in, trusting, agent):
    answer = take_in(forward(pass_=False))
    ticket = Ticket.objects.get(number=answer["ticket"])
    assert (answer["reason"], ticket.requester) == ("new", agent)
    assert not User.objects.filter(email="tariq@example.net").exists()


@pytest.mark.parametrize("named", [True, False], ids=["a server named", "none"])
def test_a_forged_forward_never_writes_into_a_ticket(take_in, mailbox, ticket, agent, named):
    Channel.objects.update(authserv_id=OURS if named else "")
    before = texts(ticket)
    for number, headers in enumerate(
        ({"In_Reply_To": notice_of(ticket)}, {"References": "<first@example.com>"})
    ):
        answer = take_in(
            mail(FORWARDS["outlook-de"][1], **STAFF, subject="WG: x", message_id=f"<f{number}@d>", **headers)
        )
        assert answer["state"] == "quarantined"
    assert texts(ticket) == before and Ticket.objects.count() == 1


def test_a_forward_that_names_nobody_asks(take_in, trusting, agent):
    answer = take_in(forward("FYI"))
    ticket = Ticket.objects.get(number=answer["ticket"])
    assert (answer["reason"], ticket.requester) == ("forward_unread", agent)
    (_own, question) = Message.objects.filter(ticket=ticket).order_by("pk")
    assert (question.visibility, question.author) == ("internal", None)
    assert question.text.startswith("This mail looks forwarded")


@pytest.mark.parametrize("who", ["support@desk.example", "gone@example.com"])
def test_a_forward_for_nobody_who_can_have_a_ticket_asks(take_in, trusting, agent, who):
    gone = create_user("gone@example.com", name="Gone", role="customer")
    deactivate(gone, by=create_user("o@desk.example", name="O", role="owner"))
    answer = take_in(forward(FORWARDS["outlook-de"][1].replace("tariq@example.net", who)))
    assert answer["reason"] == "forward_unread"


def test_customers_who_forward_have_a_ticket_of_their_own(take_in, trusting):
    answer = take_in(
        mail(FORWARDS["gmail-en"][1], subject="Fwd: Broken door reader", Authentication_Results=PASS)
    )
    assert Ticket.objects.get(number=answer["ticket"]).requester.email == "lena.hart@example.com"
    assert not User.objects.filter(email="tariq@example.net").exists()


def test_a_mail_attached_to_tell_of_it_is_not_handed_on(take_in, trusting, agent):
    whole = multipart("mixed", text("Is this a fraud?"), MIMEMessage(inner_mail()))
    answer = take_in(
        headed(whole, From="mara@desk.example", Subject="Strange mail", Authentication_Results=PASS)
    )
    assert Ticket.objects.get(number=answer["ticket"]).requester == agent


def test_an_answer_of_the_customer_finds_the_ticket_that_was_opened_for_him(take_in, trusting, agent):
    ticket = Ticket.objects.get(number=take_in(forward())["ticket"])
    reply = tickets.reply(ticket, Content.markdown("On Friday."), by=agent)
    ours = references.message_id(ticket.pk, reply.pk)
    answer = take_in(
        mail("Fine.", sender="tariq@example.net", message_id="<t2@example.net>", In_Reply_To=ours)
    )
    assert (answer["state"], answer["ticket"]) == ("added", ticket.number)
