"""Mail servers that encrypt, from the first byte or after STARTTLS: Dovecot, and a real SMTP server."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from deskbell.channels import actions
from deskbell.channels.email.accounts import Account
from deskbell.channels.email.boxes import BoxError, open_box
from deskbell.channels.models import Channel
from tests.channels.test_sending import Mailroom, item, sent
from tests.support.certificate import self_signed
from tests.support.desk import free_port
from tests.support.mailserver import PASSWORD, MailServer, mail_server

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("dovecot")]
ADDRESS = "desk@desk.example"
UNTRUSTED = "The certificate of 127.0.0.1 is not valid: self-signed certificate"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trusting(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


# --- in -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dovecot(certificate: Path) -> Iterator[MailServer]:
    with mail_server(certificate=certificate) as server:
        yield server


WAYS = [(protocol, security) for protocol in ("imap", "pop3") for security in ("tls", "starttls")]


def account(dovecot: MailServer, protocol: str, security: str) -> Account:
    port = getattr(dovecot, protocol + ("s" if security == "tls" else ""))
    return Account(protocol, "127.0.0.1", port, security, ADDRESS, PASSWORD)


def sign_ins(dovecot: MailServer) -> int:
    return (dovecot.folder / "log").read_text().count(f"Login: user=<{ADDRESS}>")


@pytest.mark.parametrize(("protocol", "security"), WAYS)
def test_a_mailbox_is_opened_in_encryption(dovecot, trusting, protocol, security):
    before = sign_ins(dovecot)
    box = open_box(account(dovecot, protocol, security), "INBOX")
    wire = box.client.socket() if protocol == "imap" else box.client.sock
    assert isinstance(wire, ssl.SSLSocket)
    box.close()
    assert sign_ins(dovecot) == before + 1


@pytest.mark.parametrize(("protocol", "security"), WAYS)
def test_whoever_cannot_prove_to_be_the_server_gets_no_password(dovecot, protocol, security):
    before = sign_ins(dovecot)
    with pytest.raises(BoxError) as raised:
        open_box(account(dovecot, protocol, security), "INBOX")
    assert str(raised.value).startswith(UNTRUSTED)
    assert sign_ins(dovecot) == before


# --- out ------------------------------------------------------------------------------------------


class Encrypting(Controller):
    """Takes no mail that comes as plain text."""

    def __init__(self, room: Mailroom, security: str, context: ssl.SSLContext) -> None:
        self.after = context if security == "starttls" else None
        at_once = context if security == "tls" else None
        super().__init__(room, hostname="127.0.0.1", port=free_port(), ssl_context=at_once)

    def factory(self) -> SMTP:
        return SMTP(self.handler, tls_context=self.after, require_starttls=self.after is not None)


@pytest.fixture(params=["tls", "starttls"])
def security(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def room(settings, certificate: Path, security: str) -> Iterator[Mailroom]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    room = Mailroom()
    server = Encrypting(room, security, context)
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL = security == "starttls", security == "tls"
    settings.EMAIL_TIMEOUT = 5
    settings.SUPPORT_ADDRESS, settings.BASE_URL = ADDRESS, "https://desk.example"
    yield room
    server.stop()


@pytest.fixture(params=["the desk's server", "one of its own"])
def mailbox(request, room, settings, security) -> None:
    """Mails leave from it: by EMAIL_URL, or by a server of the mailbox."""
    own = ""
    if request.param == "one of its own":
        own = f"smtp{'s' if security == 'tls' else '+starttls'}://127.0.0.1:{settings.EMAIL_PORT}"
        settings.EMAIL_PORT = 9  # nobody listens there
    actions.add_channel("email", name="Support", address=ADDRESS, **({"smtp": own} if own else {}))


def test_a_mail_leaves_in_encryption(trusting, room, mailbox):
    assert sent(item()) == ("sent", "")
    assert [recipients for _sender, recipients, _content in room.mails] == [["lena@example.com"]]


def test_a_mail_waits_while_the_server_cannot_prove_to_be_it(room, mailbox):
    one = item()
    assert sent(one) == ("queued", "connect")
    assert "certificate" in one.error_text.casefold()
    assert room.mails == []
    assert Channel.objects.get().state == Channel.State.OK
