"""The desk asks other servers by https: nothing else, nowhere else, not for ever."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deskbell.kit import http
from tests.support.certificate import self_signed

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@dataclass
class Peer:
    """Answers every request with `pieces`, `pause` seconds apart."""

    port: int = 0
    pieces: list[bytes] = field(default_factory=lambda: [GOOD])
    pause: float = 0
    heard: list[bytes] = field(default_factory=list)

    def answer(self, wire: socket.socket) -> None:
        with contextlib.suppress(OSError), wire:
            heard = b""
            while not heard.endswith(b"b=2"):
                heard += wire.recv(65536)
            self.heard.append(heard)
            for piece in self.pieces:
                wire.sendall(piece)
                time.sleep(self.pause)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def peer(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    """An https server that the desk trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    peer, door = Peer(), socket.create_server(("127.0.0.1", 0))
    peer.port = door.getsockname()[1]

    def serve() -> None:
        while True:
            try:
                wire, _address = door.accept()
            except OSError:
                return
            with contextlib.suppress(OSError):
                peer.answer(context.wrap_socket(wire, server_side=True))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield peer
    door.shutdown(socket.SHUT_RDWR)
    door.close()
    thread.join(5)


def ask(peer: Peer) -> http.Answer:
    return http.post_form(f"https://127.0.0.1:{peer.port}/token?a=1", "b=2")


def test_a_form_is_posted_and_answered(peer):
    assert ask(peer) == http.Answer(200, b"{}")
    head, _, body = peer.heard[0].partition(b"\r\n\r\n")
    assert head.splitlines()[0] == b"POST /token?a=1 HTTP/1.1"
    assert f"Host: 127.0.0.1:{peer.port}".encode() in head.splitlines()
    assert body == b"b=2"


def test_a_redirect_is_not_followed(peer):
    where = f"https://127.0.0.1:{peer.port}/elsewhere".encode()
    peer.pieces = [b"HTTP/1.1 302 Found\r\nLocation: " + where + b"\r\nContent-Length: 0\r\n\r\n"]
    assert ask(peer).status == 302
    assert len(peer.heard) == 1


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        (
            [b"HTTP/1.1 200 OK\r\n\r\n", b"x" * (http.MOST + 1)],
            "127.0.0.1 answers with more than can be right.",
        ),
        ([b"220 mail.example ESMTP\r\n"], "127.0.0.1 answers with something that is no HTTP: "),
        ([b""], "127.0.0.1 answers with something that is no HTTP: "),
    ],
)
def test_an_answer_that_cannot_be_right_is_said_to_be_so(peer, pieces, words):
    peer.pieces = pieces
    with pytest.raises(http.NoAnswer) as raised:
        ask(peer)
    assert str(raised.value).startswith(words)


def test_a_server_that_drips_is_cut_off(peer, monkeypatch):
    monkeypatch.setattr(http, "PATIENCE", 0.5)
    peer.pieces, peer.pause = [b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", *[b"X"] * 99], 0.1
    began = time.monotonic()
    with pytest.raises(http.NoAnswer, match=r"^127\.0\.0\.1 does not answer\.$"):
        ask(peer)
    assert time.monotonic() - began < 3


def test_a_certificate_that_nobody_vouches_for_is_refused(peer, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(http.NoAnswer, match=r"^The certificate of 127\.0\.0\.1 is not valid: self"):
        ask(peer)
    assert peer.heard == []


def test_a_server_that_is_not_there_is_said_to_be_so():
    with pytest.raises(http.NoAnswer, match=r"^127\.0\.0\.1 refuses the connection\."):
        http.post_form("https://127.0.0.1:1/token", "")


@pytest.mark.parametrize(
    "url",
    [
        "http://login.example/token",
        "http://127.0.0.1.example/token",
        "ftp://login.example",
        "https://",
        "https://user:pw@login.example/",
        "https://log in.example/",
        "https://login.example:port/",
        "https://a..b/",
        "",
    ],
)
def test_the_desk_asks_by_https_alone(settings, url):
    settings.HTTP_PLAIN_TO_LOOPBACK = True
    with pytest.raises(http.BadAddress):
        http.post_form(url, "")


def test_this_machine_is_asked_without_encryption_by_tests_alone(settings):
    settings.HTTP_PLAIN_TO_LOOPBACK = False
    with pytest.raises(http.BadAddress):
        http.post_form("http://127.0.0.1:1/", "")
    settings.HTTP_PLAIN_TO_LOOPBACK = True
    with pytest.raises(http.NoAnswer):
        http.post_form("http://127.0.0.1:1/", "")


@pytest.mark.parametrize("host", ["169.254.169.254", "[fe80::1]", "0.0.0.0", "[::ffff:169.254.169.254]"])
def test_addresses_of_the_machine_s_own_network_are_left_alone(host):
    with pytest.raises(http.NoAnswer, match="There is no server called"):
        http.post_form(f"https://{host}/token", "")
