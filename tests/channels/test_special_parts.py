"""Parts with a reader of their own: winmail.dat, signatures, encryption, mails in mails, appointments."""

from __future__ import annotations

import contextlib
import struct
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from hypothesis import HealthCheck, given
from hypothesis import settings as within
from hypothesis import strategies as st

from deskbell.channels.email import invitations, protected, tnef
from deskbell.channels.email.parse import parse
from deskbell.people.actions import create_user
from deskbell.tickets import actions as tickets
from deskbell.tickets.models import Attachment, Message, Ticket
from tests.channels import build
from tests.channels.build import headed, inner_mail, leaf, multipart, text
from tests.channels.conftest import mail as plain_mail

ARMOR = "-----BEGIN PGP MESSAGE-----\n\nhQEMA5fake\n-----END PGP MESSAGE-----\n"


@pytest.fixture(autouse=True)
def own_host(settings):
    settings.BASE_URL = "https://desk.example"


def files(mail) -> list[tuple[str, bytes]]:
    return [(file.filename, file.content) for file in mail.attachments]


# --- winmail.dat --------------------------------------------------------------------------------


def test_a_winmail_gives_its_files_and_where_the_mail_has_none_its_body():
    mail = parse(
        headed(multipart("mixed", leaf("application/ms-tnef", build.winmail(), filename="winmail.dat")))
    )
    assert (mail.text, mail.html) == ("Grüße, see both files.", "<p>Grüße, see <b>both</b> files.</p>")
    assert files(mail) == [("Résumé 2026.txt", b"words of the file"), ("plan.png", b"\x89PNG\r\n")]
    assert mail.attachments[0].content_type == "text/plain"
    assert mail.problems == ()


def test_the_mails_own_words_come_before_those_of_a_winmail():
    part = leaf("application/octet-stream", build.winmail(), filename="WINMAIL.DAT")
    mail = parse(headed(multipart("mixed", text("See the files."), part)))
    assert (mail.text, mail.html) == ("See the files.", "")
    assert [name for name, _content in files(mail)] == ["Résumé 2026.txt", "plan.png"]


@pytest.mark.parametrize(
    "damaged",
    [
        b"tnef",
        build.winmail()[:120],
        b"\0" * 40,
        build.tnef(build.attribute(0x9003, struct.pack("<IHH", 1, 99, 1))),
    ],
    ids=["no tnef", "cut", "zeros", "unknown type"],
)
def test_a_winmail_that_cannot_be_read_stays_a_file(damaged):
    mail = parse(headed(multipart("mixed", text("hello"), leaf("application/ms-tnef", damaged))))
    assert files(mail) == [("winmail.dat", damaged)]
    assert mail.problems == ("winmail.dat could not be read",)


def test_a_winmail_with_a_body_in_rich_text_alone_stays_beside_its_files():
    rich = build.tnef(build.attribute(0x9003, build.properties(build.entry(0x0102, 0x1009, b"LZFu...."))))
    mail = parse(headed(multipart("mixed", text("hello"), leaf("application/ms-tnef", rich))))
    assert files(mail) == [("winmail.dat", rich)]


@pytest.mark.parametrize("kind", [0x0003, 0x1003, 0x001E, 0x101F, 0x0102])
def test_counts_that_promise_too_much_cost_nothing(kind):
    huge = struct.pack("<I", 0xFFFFFFFF)
    for value in (
        huge,
        huge + struct.pack("<HH", kind, 0x1000) + huge,
        huge + struct.pack("<HH", kind, 0x1000),
    ):
        before = time.process_time()
        with contextlib.suppress(tnef.Unreadable):
            tnef.read(build.tnef(build.attribute(0x9003, value)))
        assert time.process_time() - before < 0.5


@given(st.lists(st.tuples(st.integers(0, 600), st.binary(min_size=1, max_size=6)), max_size=10))
@within(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_damaged_winmail_raises_one_error_alone(damage):
    data = bytearray(build.winmail())
    for position, junk in damage:
        data[position : position + len(junk)] = junk
    with contextlib.suppress(tnef.Unreadable):
        tnef.read(bytes(data))


# --- signed -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "signature"), [("smime", "application/pkcs7-signature"), ("pgp", "application/pgp-signature")]
)
def test_a_signed_mail_is_read_and_its_signature_is_named_not_kept(kind, signature):
    inside = multipart("mixed", text("Pay this."), leaf("application/pdf", b"%PDF", filename="bill.pdf"))
    mail = parse(
        headed(multipart("signed", inside, leaf(signature, b"sig", name="smime.p7s"), protocol=signature))
    )
    assert (mail.text, mail.signed, mail.encrypted) == ("Pay this.", kind, "")
    assert files(mail) == [("bill.pdf", b"%PDF")]


def test_a_signature_outside_a_signed_part_is_a_file_like_others():
    mail = parse(
        headed(multipart("mixed", text("x"), leaf("application/pgp-signature", b"s", filename="a.asc")))
    )
    assert (mail.signed, files(mail)) == ("", [("a.asc", b"s")])


def signed_by_a_library(content: bytes) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ben.okafor@example.com")])
    now = datetime(2026, 11, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=9))
        .sign(key, hashes.SHA256())
    )
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(certificate, key, hashes.SHA256())
    return builder.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary])


@pytest.mark.parametrize("sign", [signed_by_a_library, build.signed_in_pieces])
def test_the_mail_inside_a_signed_envelope_is_read(sign):
    inside = multipart(
        "mixed", text("Pay this, grüße. " * 200), leaf("application/pdf", b"%PDF", filename="bill.pdf")
    )
    part = leaf("application/pkcs7-mime", sign(inside.as_bytes()), filename="smime.p7m")
    mail = parse(headed(part))
    assert mail.text == ("Pay this, grüße. " * 200).strip()
    assert (mail.signed, files(mail)) == ("smime", [("bill.pdf", b"%PDF")])


def test_an_inline_pgp_signature_is_taken_off_the_words():
    body = (
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nHello\n- -- \nBen\n"
        "-----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----\n"
    )
    mail = parse(headed(text(body)))
    assert (mail.text, mail.signed) == ("Hello\n-- \nBen", "pgp")


# --- encrypted ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        ("smime", lambda: leaf("application/pkcs7-mime", build.enveloped(), filename="smime.p7m")),
        (
            "pgp",
            lambda: multipart(
                "encrypted",
                leaf("application/pgp-encrypted", b"Version: 1"),
                leaf("application/octet-stream", ARMOR.encode(), filename="encrypted.asc"),
            ),
        ),
        ("pgp", lambda: text(ARMOR)),
        ("pgp", lambda: multipart("alternative", text(ARMOR), text(f"<pre>{ARMOR}</pre>", "html"))),
    ],
    ids=["smime", "pgp", "inline", "inline with html"],
)
def test_an_encrypted_mail_says_so_and_keeps_itself(take_in, kind, part):
    raw = headed(part())
    answer = take_in(raw)
    message = Message.objects.get(pk=answer["message"])
    assert message.text == "(This mail is encrypted. Open the file with a mail program that has the key.)"
    assert (message.html, message.details) == ("", {"encrypted": kind})
    file = Attachment.objects.get(message=message)
    assert (file.filename, file.blob.path.read_bytes()) == ("encrypted-mail.eml", raw)


def test_words_about_pgp_are_words():
    words = "How do I read this?\n-----BEGIN PGP MESSAGE-----\nabc"
    assert (parse(headed(text(words))).text, parse(headed(text(words))).encrypted) == (words, "")


@pytest.mark.parametrize(
    "damaged", [b"", b"0", b"\x30\x84\xff\xff", build.enveloped()[:9], b"\x30\x80" * 900]
)
def test_an_envelope_that_cannot_be_read_stays_a_file(damaged):
    assert protected.opened(damaged) == ("", b"")
    mail = parse(
        headed(multipart("mixed", text("x"), leaf("application/pkcs7-mime", damaged, filename="a.p7m")))
    )
    assert (mail.text, files(mail)) == ("x", [("a.p7m", damaged)])


# --- mails in mails -----------------------------------------------------------------------------


def test_the_words_of_a_mail_inside_are_folded_behind_those_of_the_mail(take_in):
    inside = inner_mail("Gate 2 says E42.")
    inside.add_attachment(b"x", maintype="image", subtype="png", filename="gate.png")
    wrapped = multipart("mixed", text("Please look."), MIME(inside))
    message = Message.objects.get(pk=take_in(headed(wrapped))["message"])
    assert message.new_text == "Please look."
    assert message.text == (
        "Please look.\n\nFrom: Tariq Noor <tariq@example.net>\nDate: Mon, 09 Nov 2026 08:12:00 +0000\n"
        "To: mara@desk.example\nSubject: Broken door reader\n\nGate 2 says E42."
    )
    assert [file.filename for file in message.attachments.all()] == ["Broken door reader.eml"]


def test_a_mail_without_words_of_its_own_shows_those_of_the_mail_inside():
    mail = parse(headed(multipart("mixed", MIME(inner_mail("Gate 2 says E42.")))))
    assert mail.new_text == mail.text and mail.text.endswith("\n\nGate 2 says E42.")


def test_what_came_back_is_not_read_to_the_customer():
    report = multipart(
        "report", text("Could not deliver."), MIME(inner_mail("secret")), report_type="delivery-status"
    )
    assert parse(headed(report)).text == "Could not deliver."


def MIME(message):
    from email.mime.message import MIMEMessage

    return MIMEMessage(message)


# --- other readings -----------------------------------------------------------------------------


def test_an_empty_plain_part_gives_way_to_the_html():
    mail = parse(headed(multipart("alternative", text(" \n\n"), text("<p>Only <b>here</b></p>", "html"))))
    assert mail.text == "Only here"


def test_from_right_to_left_and_emoji_survive(take_in):
    answer = take_in(
        plain_mail("שלום, המדפסת \u202b12\u202c", subject="🔥🖨️ מדפסת", sender="דנה <dana@example.com>")
    )
    ticket = Ticket.objects.get(number=answer["ticket"])
    assert ticket.subject == "🔥🖨️ מדפסת"
    assert Message.objects.get(pk=answer["message"]).text == "שלום, המדפסת \u202b12\u202c"
    assert ticket.requester.name == "דנה"


@pytest.mark.parametrize("days", [-40, 2])
def test_a_date_that_cannot_be_is_left_out(take_in, days):
    date = (datetime.now(UTC) + timedelta(days=days)).strftime("%a, %d %b %Y %H:%M:%S +0000")
    message = Message.objects.get(pk=take_in(plain_mail(Date=date))["message"])
    assert message.sent_at is None


def test_long_references_keep_the_first_and_the_last():
    ids = " ".join(f"<{number:040}@example.com>" for number in range(200))
    mail = parse(plain_mail(References=ids))
    assert len(ids) > 10_000 and len(mail.references) == 50
    assert (mail.references[0], mail.references[-1]) == (
        f"<{0:040}@example.com>",
        f"<{199:040}@example.com>",
    )


@pytest.mark.parametrize("header", ["cid-1@x", "<cid-1@x>", " < cid-1@x > "])
def test_a_content_id_needs_no_brackets(header):
    picture = leaf("image/png", b"\x89PNG", filename="a.png")
    picture["Content-ID"] = header
    mail = parse(headed(multipart("related", text('<img src="cid:cid-1@x">', "html"), picture)))
    assert [(file.content_id, file.inline) for file in mail.attachments] == [("cid-1@x", True)]


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ("attachment; filename*0*=utf-8''gr%C3%BC; filename*1*=n%20plan; filename*2=.pdf", "grün plan.pdf"),
        ("attachment; filename*=iso-8859-1'de'gr%FCn.pdf", "grün.pdf"),
        ('attachment; filename="=?utf-8?B?Z3LDvG4=?= =?utf-8?Q?.pdf?="', "grün.pdf"),
        ('attachment; filename="C:\\\\temp\\\\..\\\\plan.pdf"', "plan.pdf"),
    ],
)
def test_names_of_files_are_read_as_they_are_written(disposition, name):
    part = leaf("application/pdf", b"%PDF")
    part["Content-Disposition"] = disposition
    assert files(parse(headed(multipart("mixed", text("x"), part)))) == [(name, b"%PDF")]


# --- appointments -------------------------------------------------------------------------------


def card(content: bytes) -> dict:
    (only,) = invitations.read(content)
    return only


def test_an_invitation_is_a_card_and_a_file(take_in):
    content = build.invite()
    calendar = leaf("text/calendar", content, method="REQUEST")
    whole = multipart(
        "mixed",
        multipart("alternative", text("Come by."), calendar),
        leaf("application/ics", content, filename="invite.ics"),
    )
    message = Message.objects.get(pk=take_in(headed(whole))["message"])
    assert message.details == {
        "invitations": [
            {
                "method": "request",
                "title": "Visit, gate 2",
                "where": "Harbour road 7",
                "uid": "visit-7@example.com",
                "organiser": ["Ben Okafor", "ben.okafor@example.com"],
                "start": "2026-11-13T08:00:00+00:00",
                "end": "2026-11-13T09:30:00+00:00",
                "repeats": False,
            }
        ]
    }
    assert [file.filename for file in message.attachments.all()] == ["invite.ics"]
    (shown,) = message.appointments
    assert shown["start"] == datetime(2026, 11, 13, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("method", "lines", "expected"),
    [
        ("CANCEL", (), {"method": "cancel", "start": "2026-11-13T08:00:00+00:00"}),
        ("REQUEST", ("DTSTART:20261113T090000Z", "STATUS:CANCELLED"), {"method": "cancel", "end": ""}),
        (
            "REPLY",
            ("ATTENDEE;CN=Lena Hart;PARTSTAT=DECLINED:mailto:lena@example.com",),
            {"method": "reply", "answer": ["Lena Hart", "declined"], "start": ""},
        ),
        (
            "REQUEST",
            ("DTSTART;VALUE=DATE:20261113", "DTEND;VALUE=DATE:20261115", "RRULE:FREQ=WEEKLY"),
            {"start": "2026-11-13", "end": "2026-11-14", "repeats": True},
        ),
        ("REQUEST", ("DTSTART;VALUE=DATE:20261113", "DTEND;VALUE=DATE:20261114"), {"end": ""}),
        ("REQUEST", ("DTSTART:20261113T090000", "DURATION:PT45M"), {"end": "2026-11-13T09:45:00"}),
        (
            "REQUEST",
            ("DTSTART;TZID=W. Europe Standard Time:20261113T090000",),
            {"start": "2026-11-13T08:00:00+00:00"},
        ),
    ],
    ids=["cancel", "cancelled", "reply", "whole days", "one day", "no zone", "Windows zone"],
)
def test_what_an_appointment_says(method, lines, expected):
    shown = card(build.invite(method, *lines))
    assert {name: shown[name] for name in expected} == expected


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n",
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" * 3000,
        build.invite("ADD"),
        build.invite("REQUEST", "DESCRIPTION:" + "x" * invitations.MAX_SIZE),
    ],
    ids=["empty", "no event", "never ends", "another method", "too long"],
)
def test_a_calendar_that_says_nothing_makes_no_card(content):
    assert invitations.read(content) == []


@given(st.lists(st.tuples(st.integers(0, 500), st.binary(min_size=1, max_size=6)), max_size=10))
@within(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_damaged_calendar_is_read_or_left(damage):
    data = bytearray(build.invite())
    for position, junk in damage:
        data[position : position + len(junk)] = junk
    for one in invitations.read(bytes(data)):
        assert "\0" not in str(one)


def test_a_card_shows_what_it_says_and_runs_nothing(client, take_in):
    take_in(headed(leaf("text/calendar", build.invite(title="<script>alert(1)</script>"), method="REQUEST")))
    agent = create_user("mara@desk.example", name="Mara Lind", role="agent")
    client.force_login(agent)
    page = client.get(f"/desk/tickets/{Ticket.objects.get().number}/").content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page and "<script>alert(1)" not in page
    assert "Harbour road 7" in page and "Organised by Ben Okafor" in page
    assert "This message has no text." not in page


def test_the_marks_of_a_mail_stand_beside_its_time(client, take_in):
    take_in(headed(leaf("application/pkcs7-mime", build.enveloped())))
    client.force_login(create_user("mara@desk.example", name="Mara Lind", role="agent"))
    page = client.get(f"/desk/tickets/{Ticket.objects.get().number}/").content.decode()
    assert "encrypted</span>" in page and "signed (not verified)" not in page


def test_removed_words_take_their_card_along(take_in):
    take_in(headed(leaf("text/calendar", build.invite(), method="REQUEST")))
    owner = create_user("o@desk.example", name="O", role="owner")
    message = tickets.redact_message(Message.objects.get(), by=owner)
    assert message.details == {}


def test_a_plain_mail_loads_no_reader_it_does_not_need():
    script = (
        "import sys, django, os; os.environ['DJANGO_SETTINGS_MODULE']='deskbell.config.settings';"
        "django.setup(); from deskbell.channels.email.parse import parse; from django.conf import settings;"
        "parse(b'From: a@example.com\\nMessage-ID: <a@b>\\n\\nhello'); print('icalendar' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
