"""Captured and hostile mails, each compared as a whole with what stands beside it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as within
from hypothesis import strategies as st

from deskbell.channels.email import references
from deskbell.channels.email.content import unflowed
from deskbell.channels.email.parse import ParsedMail, parse
from deskbell.channels.email.quotes import new_text
from deskbell.channels.email.words import decode, header_text

MAILS = sorted((Path(__file__).parent / "mails").glob("*.eml"))


def shown(mail: ParsedMail) -> dict:
    """`mail` as JSON can hold it; files by their digest."""
    values = asdict(mail)
    values["date"] = mail.date.isoformat() if mail.date else None
    values["auto_class"] = mail.auto_class.value
    for file in values["attachments"]:
        file["content"] = hashlib.sha256(file["content"]).hexdigest()
    return json.loads(json.dumps(values))


@pytest.fixture(autouse=True)
def own_host(settings):
    settings.BASE_URL = "https://desk.example"


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.stem)
def test_a_mail_is_read_as_a_whole(path):
    expected = json.loads(path.with_suffix(".json").read_text())
    assert shown(parse(path.read_bytes())) == expected


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.stem)
def test_line_ends_do_not_matter(path):
    unix = path.read_bytes()
    mail = parse(unix.replace(b"\n", b"\r\n"))
    plain = parse(unix)
    assert (mail.text, mail.new_text, mail.subject, mail.digest) == (
        plain.text,
        plain.new_text,
        plain.subject,
        plain.digest,
    )


@given(st.binary(max_size=4000))
@within(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_bytes_are_read(raw):
    check_storable(parse(raw))


@pytest.mark.slow
@given(
    st.sampled_from(MAILS),
    st.lists(st.tuples(st.integers(0, 3000), st.binary(min_size=1, max_size=8)), max_size=12),
)
@within(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_damage_is_read(path, damage):
    raw = bytearray(path.read_bytes()[:20_000])
    for position, junk in damage:
        raw[position : position + len(junk)] = junk
    check_storable(parse(bytes(raw)))


def check_storable(mail: ParsedMail) -> None:
    """PostgreSQL takes every text of it, and ids and subject fit their columns."""
    texts = [mail.subject, mail.text, mail.new_text, mail.html, mail.message_id, *mail.headers.values()]
    texts += [file.filename for file in mail.attachments] + [name for name, _ in (*mail.to, *mail.cc)]
    for text in texts:
        assert "\0" not in text
        text.encode()
    assert mail.message_id.startswith("<") and len(mail.message_id) <= 300
    assert len(mail.subject) <= 255
    assert mail.new_text or not mail.text


HEAD = b"From: a@example.com\nSubject: Re: x\nMessage-ID: <h@example.com>\nIn-Reply-To: <i@example.com>\n"


def nested(depth: int) -> bytes:
    mail = HEAD + b'Content-Type: multipart/mixed; boundary="b0"\n\n'
    for level in range(1, depth):
        mail += b'--b%d\nContent-Type: multipart/mixed; boundary="b%d"\n\n' % (level - 1, level)
    return mail + b"--b%d\n\nthe innermost words\n" % (depth - 1)


@pytest.mark.parametrize(
    ("raw", "problems"),
    [
        (nested(100), ["too many parts, the rest is in the raw mail only"]),
        (nested(2000), ["structure could not be read"]),
        (
            HEAD + b'Content-Type: multipart/mixed; boundary="b"\n\n' + b"--b\n\nx\n" * 5000,
            ["too many parts, the rest is in the raw mail only"],
        ),
        (HEAD + b"\n" + b"word " * 400_000, ["text too long, cut"]),
        (HEAD + b"X-Junk: " + b"j" * 1_000_000 + b"\n\nhello", ["headers too long, cut"]),
    ],
    ids=["deep", "very deep", "many parts", "long text", "long header"],
)
def test_limits_are_named(raw, problems):
    mail = parse(raw)
    assert list(mail.problems) == problems
    assert mail.message_id == "<h@example.com>"


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        b"> a\n" * 100_000,
        b"From: a\nTo: b\n" * 50_000,
        b"Am " + b"schrieb " * 50_000,
        b"On x\n" * 50_000,
        b"a: b\n" * 50_000,
    ],
    ids=["quotes", "headers", "one line", "introductions", "colons"],
)
def test_the_search_for_quotes_stays_quick(body):
    """Quadratic patterns would need hours here; the test's own time limit is the suite's patience."""
    mail = parse(HEAD + b"\n" + body)
    assert mail.text == body.decode().strip()
    assert mail.new_text


def test_one_mail_by_two_roads_has_one_digest():
    body = b"From: a@example.com\nDate: Mon, 2 Nov 2026 10:00:00 +0000\nSubject: s\n\nhello\n"
    first = b"Received: from x by y; Mon\nX-Spam-Score: 1\n" + body
    second = b"Received: from z by y; Tue\r\n" + body.replace(b"\n", b"\r\n")
    assert parse(first).digest == parse(second).digest
    assert parse(first).digest != parse(first.replace(b"hello", b"hullo")).digest
    assert parse(first).digest != parse(first.replace(b"Subject: s", b"Subject: t")).digest


def test_a_mail_without_id_gets_the_same_one_again_and_another_one_gets_another():
    dated = b"From: a@example.com\nDate: Mon, 2 Nov 2026 10:00:00 +0000\n\nhello\n"
    assert parse(dated).message_id == parse(b"Received: by x\n" + dated).message_id
    undated = b"From: a@example.com\n\nhello\n"
    assert parse(undated).message_id != parse(b"Received: by x\n" + undated).message_id
    assert parse(undated).message_id.startswith("<gen-")


@pytest.mark.parametrize(
    ("data", "label", "text"),
    [
        ("Grüße €".encode("cp1252"), "iso-8859-1", "Grüße €"),
        ("Grüße".encode(), "us-ascii", "Grüße"),
        ("朱镕".encode("gb18030"), "gb2312", "朱镕"),
        ("똠방".encode("cp949"), "ks_c_5601-1987", "똠방"),
        ("Привет, как дела сегодня у вас?".encode("koi8-r"), "koi8-r", "Привет, как дела сегодня у вас?"),
        (b"plain", "zip", "plain"),
        (b"plain", "idna", "plain"),
        (b"plain", '"utf-8"', "plain"),
        (("x" * 200).encode() + b"\xff", "utf-8", "x" * 200 + "\ufffd"),
    ],
)
def test_character_sets_are_what_mailers_mean(data, label, text):
    assert decode(data, label) == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("=?utf-8?Q?a_b?= =?utf-8?Q?_c?=", "a b c"),
        ("=?utf-8?B?8J+U?= =?utf-8?B?pQ==?=", "🔥"),
        ("plain =?iso-8859-1?q?=FCber?= all", "plain über all"),
        ("=?utf-8*de?q?gr=C3=BCn?=", "grün"),
        ("=?utf-8?B?not base64!?=", header_text("=?utf-8?B?not base64!?=")),
        ("a\r\n\tb", "a b"),
    ],
)
def test_header_words_are_decoded(raw, text):
    assert header_text(raw) == text
    assert "\n" not in header_text(raw)


def test_flowed_text_becomes_paragraphs():
    assert unflowed("one \ntwo\n\n> quoted \n> more\n-- \nme", delete_space=False) == (
        "one two\n\n> quoted more\n-- \nme"
    )


@pytest.mark.parametrize(
    ("text", "reply", "new"),
    [
        ("Yes.\n\n> old\n> old\n> old", True, "Yes."),
        ("> old\n> old\n> old", True, "> old\n> old\n> old"),
        (
            "See the log:\nFrom: 10.0.0.1\nTo: 10.0.0.2\nDate: today",
            False,
            "See the log:\nFrom: 10.0.0.1\nTo: 10.0.0.2\nDate: today",
        ),
        ("Ok\n##- Bitte oberhalb antworten -##\nalt", False, "Ok"),
        ("##- Bitte oberhalb antworten -##\nunten", False, "##- Bitte oberhalb antworten -##\nunten"),
    ],
    ids=["quote", "only a quote", "a pasted log", "our line", "nothing above our line"],
)
def test_only_history_is_cut(text, reply, new):
    assert new_text(text, reply=reply) == new


# --- references ---------------------------------------------------------------------------------


def test_references_are_signed():
    own = references.message_id(1042, 99)
    assert own.endswith("@desk.example>")
    assert references.verify(own) == (1042, 99)
    assert references.verify(own.replace("t1042", "t1043")) is None
    assert references.verify(own.replace("m99", "m98")) is None
    assert references.verify(own.replace("desk.example", "elsewhere.example")) == (1042, 99)
    other = references.message_id(1042, 99, part="e5u7")
    assert references.verify(other) == (1042, 99)
    assert references.verify(other.replace("e5u7", "e5u8")) is None
    assert references.verify("<t1042.m99.0000000000000000@desk.example>") is None


def test_tokens_and_addresses_are_signed():
    token = references.subject_token(1042)
    assert references.number_in_subject(f"Re: {token} Printer") == 1042
    assert references.number_in_subject(f"Re: {token.upper()}") == 1042
    wrong = "0000" if "0000" not in token else "1111"
    assert references.number_in_subject(f"[#1042-{wrong}]") is None
    assert references.without_token(f"Re: {token} Printer") == "Re: Printer"
    address = references.reply_address("support@desk.example", 1042)
    assert references.number_in_address(address) == 1042
    assert references.number_in_address(address.replace("t1042", "t1041")) is None
    assert references.base_address(address) == "support@desk.example"
