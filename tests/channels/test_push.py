"""Mails that a mail service brings by HTTP: who may, and that each comes in as it was sent."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from deskbell.channels import inbound
from deskbell.channels.actions import NotAllowed, switch
from deskbell.channels.actions.pushing import BadPush, end_push, push_of, set_push
from deskbell.channels.models import Channel, InboundItem
from deskbell.events.actor import SYSTEM
from deskbell.tickets.models import Attachment, Message
from tests import stories
from tests.channels.conftest import mail

#: eight bits, no UTF-8: what a library that decodes it would break
LATIN = (
    mail(subject="Kasse", message_id="<latin@example.com>")
    .replace(b"The printer is offline.", "Die Tür klemmt.".encode("latin-1"))
    .replace(b'charset="utf-8"', b'charset="iso-8859-1"')
    .replace(b"7bit", b"8bit")
)
KEY = "key-of-the-service"


@pytest.fixture
def bring(mailbox, client):
    """Send a request of a service to the mailbox's address."""

    def send(service: str, content: Any, *, key: str = "", token: str = "", **headers: str) -> Any:
        push = set_push(mailbox, service, key=key, by=SYSTEM)
        secret = b64encode(f"deskbell:{token or push.token}".encode()).decode()
        sent: dict[str, Any] = {"data": content}
        if isinstance(content, bytes):
            sent["content_type"] = headers.pop("content_type", "application/json")
        return client.post(address(mailbox), **sent, headers={"Authorization": f"Basic {secret}", **headers})

    return send


def address(mailbox: Channel) -> str:
    return f"/channels/mail/{mailbox.uuid}/"


def raws(answer: Any) -> list[bytes]:
    assert answer.status_code == 200, answer.content
    items = [InboundItem.objects.get(pk=pk) for pk in answer.json()["inbound"]]
    assert len(items) == InboundItem.objects.count()
    return [bytes(item.raw) for item in items]


def signed(**fields: Any) -> dict[str, Any]:
    """As Mailgun signs its form."""
    stamp = {"token": "t" * 50, "timestamp": "1793180000"}
    told = f"{stamp['timestamp']}{stamp['token']}".encode()
    return {**fields, **stamp, "signature": hmac.new(KEY.encode(), told, hashlib.sha256).hexdigest()}


def test_postmark_brings_a_mail_as_it_came(bring):
    raw = mail(subject="Drücker").decode()
    event = {"FromFull": {}, "RawEmail": raw, "TextBody": "cut"}
    assert raws(bring("postmark", json.dumps(event).encode())) == [raw.encode()]


def test_postal_brings_any_bytes(bring):
    key = rsa.generate_private_key(65537, 2048)
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    body = json.dumps(
        {"message": b64encode(LATIN).decode(), "base64": True, "rcpt_to": "x@y.example"}
    ).encode()
    signature = b64encode(key.sign(body, padding.PKCS1v15(), hashes.SHA1())).decode()
    pem = b64encode(public).decode()
    answer = bring("postal", body, key=pem, **{"X-Postal-Signature": signature})
    assert raws(answer) == [LATIN]
    inbound.decide(answer.json()["inbound"][0])
    assert Message.objects.get().text.strip() == "Die Tür klemmt."
    assert bring("postal", body + b" ", key=pem, **{"X-Postal-Signature": signature}).status_code == 401


def test_sparkpost_brings_several_at_once_and_pings(bring):
    def event(raw: bytes) -> dict[str, Any]:
        content = {"email_rfc822": b64encode(raw).decode(), "email_rfc822_is_base64": True}
        return {"msys": {"relay_message": {"content": content, "protocol": "smtp"}}}

    assert raws(bring("sparkpost", json.dumps([{"msys": {}}]).encode())) == []
    two = [LATIN, mail(message_id="<2@example.com>")]
    assert raws(bring("sparkpost", json.dumps([event(one) for one in two]).encode())) == two


@pytest.mark.parametrize("form", ["multipart", "plain"])
def test_mailgun_brings_a_mail_as_it_came(bring, form):
    raw = LATIN if form == "multipart" else mail()
    fields = signed(recipient="support@desk.example", sender="lena.hart@example.com")
    if form == "multipart":
        boundary = "b0undary"
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'
            for n, v in fields.items()
        ]
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="body-mime"\r\n\r\n'
        body = "".join(parts).encode() + head.encode() + raw + f"\r\n--{boundary}--\r\n".encode()
        answer = bring("mailgun", body, key=KEY, content_type=f"multipart/form-data; boundary={boundary}")
    else:
        answer = bring("mailgun", {**fields, "body-mime": raw.decode()}, key=KEY)
    assert raws(answer) == [raw]
    item = InboundItem.objects.get()
    assert (item.envelope_from, item.envelope_to) == ("lena.hart@example.com", "support@desk.example")


def test_mailgun_brings_a_mail_in_parts_with_its_files(bring):
    headers = [["From", "Lena Hart <lena.hart@example.com>"], ["To", "support@desk.example"]]
    headers += [["Subject", "Kasse"], ["Message-Id", "<p@example.com>"]]
    fields = signed(
        **{"message-headers": json.dumps(headers), "body-plain": "Sie klemmt.", "attachment-count": "1"}
    )
    file = SimpleUploadedFile("log.txt", b"line", "text/plain")
    answer = bring("mailgun", {**fields, "attachment-1": file}, key=KEY)
    inbound.decide(answer.json()["inbound"][0])
    message = Message.objects.get()
    assert (message.text.strip(), message.ticket.subject) == ("Sie klemmt.", "Kasse")
    assert Attachment.objects.get().filename == "log.txt"
    wrong = {**fields, "signature": "0" * 64}
    assert bring("mailgun", wrong, key=KEY).status_code == 401
    assert InboundItem.objects.count() == 1


def test_any_program_brings_a_mail(bring):
    answer = bring("raw", LATIN, content_type="message/rfc822")
    assert raws(answer) == [LATIN]


def test_a_big_mail_is_taken(bring):
    raw = mail("x" * 76 + "\n") + b"x\n" * 4_000_000
    assert raws(bring("raw", raw, content_type="message/rfc822")) == [raw]


def test_what_cannot_be_read_is_kept_and_held_back(bring):
    answer = bring("mailjet", b'{"Headers": 7, "From": ["nonsense"]}')
    assert raws(answer) == [b'{"Headers": 7, "From": ["nonsense"]}']
    item = InboundItem.objects.get()
    inbound.decide(item.pk)
    item.refresh_from_db()
    assert item.state == InboundItem.State.QUARANTINED


def test_strangers_bring_nothing(bring, mailbox, client):
    assert bring("raw", b"x", token="guessed", content_type="message/rfc822").status_code == 401
    assert client.post(address(mailbox), data=b"x", content_type="message/rfc822").status_code == 401
    old = push_of(mailbox.__class__.objects.get())
    set_push(mailbox, "raw", renew=True, by=SYSTEM)
    assert bring("raw", b"x", token=old.token, content_type="message/rfc822").status_code == 401
    end_push(mailbox, by=SYSTEM)
    assert client.post(address(mailbox), data=b"x", content_type="message/rfc822").status_code == 404
    assert client.get(address(mailbox)).status_code == 405
    assert not InboundItem.objects.exists()


def test_a_mailbox_that_is_off_asks_the_service_to_try_again(bring, mailbox, client):
    assert client.head(address(mailbox)).status_code == 404
    set_push(mailbox, "raw", by=SYSTEM)
    assert client.head(address(mailbox)).status_code == 200
    switch(mailbox, on=False, by=SYSTEM)
    assert bring("raw", b"x", content_type="message/rfc822").status_code == 503
    assert not InboundItem.objects.exists()


def test_no_other_site_needs_a_token_of_a_form(mailbox):
    push = set_push(mailbox, "raw", by=SYSTEM)
    strict = Client(enforce_csrf_checks=True)
    secret = b64encode(f"deskbell:{push.token}".encode()).decode()
    answer = strict.post(
        address(mailbox), mail(), content_type="message/rfc822", headers={"Authorization": f"Basic {secret}"}
    )
    assert answer.status_code == 200


def test_only_administrators_say_who_brings_mails_and_a_key_is_kept(mailbox, agent):
    with pytest.raises(NotAllowed):
        set_push(mailbox, "raw", by=agent)
    with pytest.raises(BadPush):
        set_push(mailbox, "mailgun", by=SYSTEM)
    with pytest.raises(BadPush):
        set_push(mailbox, "pigeon", by=SYSTEM)
    first = set_push(mailbox, "mailgun", key=KEY, by=SYSTEM)
    assert set_push(mailbox, "mailgun", by=SYSTEM) == first
    assert KEY.encode() not in bytes(Channel.objects.get().secrets)
    assert KEY not in repr(first) and first.token not in repr(first)


def test_the_page_shows_the_address_and_wants_the_key(mailbox, client):
    client.force_login(stories.staff("owner"))
    page = f"/setup/mailboxes/{mailbox.pk}/push/"
    refused = client.post(page, {"service": "mailersend", "key": ""})
    assert refused.status_code == 422
    assert "Its key is called: Secret of the inbound route." in refused.content.decode()
    client.post(page, {"service": "mailersend", "key": KEY})
    push = push_of(Channel.objects.get())
    shown = client.get(page).content.decode()
    assert f"https://deskbell:{push.token}@desk.example{address(mailbox)}" in shown
    assert KEY not in shown
    client.post(f"{page}renewal/")
    assert push_of(Channel.objects.get()).token != push.token
    assert push_of(Channel.objects.get()).key == KEY
    client.post(f"{page}end/")
    assert push_of(Channel.objects.get()) is None
