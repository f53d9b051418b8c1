"""One connection to a directory: a real slapd, and servers that lie, are silent or speak something else."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from deskbell.kit import ldap
from deskbell.kit.ldap import Server
from tests.support.certificate import self_signed
from tests.support.ldapserver import (
    BASE,
    PASSWORD,
    PEOPLE,
    READER,
    READER_SECRET,
    LdapServer,
    ldap_server,
    silent_server,
)


@pytest.fixture(scope="module")
def slapd() -> Iterator[LdapServer]:
    with ldap_server() as server:
        yield server


@pytest.fixture(autouse=True)
def fresh(slapd) -> None:
    slapd.renew()


def search(server: Server, text: str, *attributes: str, most: int = 10) -> list[ldap.Entry]:
    with ldap.session([server], seconds=5) as session:
        assert session.bind(READER, READER_SECRET)
        return session.search(BASE, text, attributes, most=most)


def wrong(*servers: Server, seconds: float = 5) -> str:
    with pytest.raises(ldap.NoAnswer) as caught, ldap.session(servers, seconds=seconds) as session:
        session.bind(READER, READER_SECRET)
    return str(caught.value)


def test_it_is_encrypted_from_the_beginning_or_by_starttls(slapd):
    slapd.person("mira", cn="Mira Holm")
    for url, encryption in ((slapd.tls_url, "tls"), (slapd.url, "starttls")):
        server = Server(url, slapd.authority)
        assert server.encryption == encryption
        (entry,) = search(server, "(uid=mira)", "CN", "mail", "entryUUID")
        assert entry.dn == f"uid=mira,{PEOPLE}"
        assert (entry.text("cn"), entry.text("mail")) == ("Mira Holm", "mira@example.com")
        assert len(entry.text("entryuuid")) == 36
    said = (slapd.folder / "log").read_text()
    assert said.count("TLS established") >= 2
    assert "1.3.6.1.4.1.1466.20037" in said


def test_on_this_machine_alone_it_goes_without():
    assert [Server(url).encryption for url in ("ldap://127.0.0.1", "ldap://localhost:3", "ldap://[::1]")] == [
        "none"
    ] * 3
    assert Server("ldap://10.0.0.1").encryption == "starttls"
    assert Server("ldap://127.0.0.1.example.com").encryption == "starttls"
    assert (Server("ldap://a").port, Server("ldaps://a").port, Server("ldaps://a:7").port) == (389, 636, 7)


def test_a_certificate_of_another_is_not_taken(slapd, folder):
    other = self_signed(folder).read_text().split("-----BEGIN PRIVATE KEY")[0]
    for url in (slapd.url, slapd.tls_url):
        assert wrong(Server(url, other)).startswith("The certificate of 127.0.0.1 is not valid")
    assert wrong(Server(slapd.tls_url)).startswith("The certificate of 127.0.0.1 is not valid")
    named = slapd.tls_url.replace("127.0.0.1", "localhost")
    assert "localhost" in wrong(Server(named, slapd.authority))


def test_nothing_is_sent_where_starttls_is_refused():
    heard: list[bytes] = []

    def refuse(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        heard.append(connection.recv(4096))
        # the same message's number, extendedResp, protocolError, no words
        number = heard[0][2 : 4 + heard[0][3]]
        connection.sendall(bytes([0x30, len(number) + 9, *number, 0x78, 7, 10, 1, 2, 4, 0, 4, 0]))
        heard.append(connection.recv(4096))
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=refuse, args=[listening])
        thread.start()
        said = wrong(Server(f"ldap://127.0.0.1:{listening.getsockname()[1]}", "x"))
        thread.join()
    assert said.startswith("127.0.0.1 does not encrypt (StartTLS)")
    assert READER_SECRET.encode() not in b"".join(heard)
    assert READER.encode() not in b"".join(heard)


def test_a_password_counts_only_where_it_is_one(slapd):
    dn = slapd.person("mira")
    nothing = slapd.person("nina", password="")
    with ldap.session([Server(slapd.url)], seconds=5) as session:
        assert session.bind(dn, PASSWORD)
        for name, password in (
            (dn, ""),
            (dn, "wrong"),
            ("", PASSWORD),
            ("", ""),
            (dn, PASSWORD + "\0"),
            (dn, " "),
        ):
            assert not session.bind(name, password), (name, password)
        assert not session.bind(nothing, PASSWORD)
        assert not session.bind(f"uid=nobody,{PEOPLE}", PASSWORD)
        assert session.bind(dn, PASSWORD)


@pytest.mark.parametrize(
    "typed",
    ["*", "mi*", "mira)(cn=*", "*)(|(cn=*", "\\2a", "mira\0", "(cn=Mira)", "mira)(&", "", "&", "m\\69ra"],
)
def test_what_somebody_types_stays_a_value(slapd, typed):
    slapd.person("mira")
    assert search(Server(slapd.url), f"(|(uid={ldap.escaped(typed)})(cn={ldap.escaped(typed)}))", "cn") == []


@pytest.mark.parametrize("odd", ["o*(b)", "back\\slash", "jürgen.groß", "a b", "x=y,z", "👩‍🔧"])
def test_odd_names_are_found_by_themselves(slapd, odd):
    slapd.person(odd, mail="")
    slapd.person("mira")
    (entry,) = search(Server(slapd.url), f"(uid={ldap.escaped(odd)})", "uid")
    assert entry.text("uid") == odd


def test_a_search_says_what_is_wrong_with_it(slapd):
    with ldap.session([Server(slapd.url)], seconds=5) as session:
        with pytest.raises(ldap.NoAnswer, match="There is nothing at"):
            session.search(BASE, "(uid=mira)", (), most=1)  # who did not bind may not know that it is there
        assert session.bind(READER, READER_SECRET)
        with pytest.raises(ldap.NoAnswer, match="There is nothing at ou=none"):
            session.search(f"ou=none,{BASE}", "(uid=mira)", (), most=1)
        with pytest.raises(ldap.NoAnswer, match="refuses to search: invalidDNSyntax"):
            session.search("nonsense", "(uid=mira)", (), most=1)
        with pytest.raises(ldap.NoAnswer, match="cannot be asked"):
            session.search(BASE, "(uid=mira", (), most=1)
        for name in ("mira", "nina", "otto"):
            slapd.person(name)
        assert len(session.search(BASE, "(uid=*)", (), most=2)) == 2


def test_the_next_server_is_asked_when_one_does_not_answer(slapd):
    with silent_server() as silent:
        began = time.monotonic()
        servers = [Server("ldap://127.0.0.1:1"), Server(slapd.url)]
        with ldap.session(servers, seconds=5) as session:
            assert session.server.url == slapd.url
            assert session.bind(READER, READER_SECRET)
        assert time.monotonic() - began < 3
        # one that takes the connection is the one that is asked
        assert wrong(Server(silent), Server(slapd.url), seconds=1) == "127.0.0.1 does not answer."


def test_it_ends_at_the_deadline_whatever_the_server_does(slapd):
    def drip(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            try:
                for byte in bytes([0x30, 0x84, 0x00, 0x0F, 0xFF, 0xFF]) + b"\0" * 1000:
                    connection.sendall(bytes([byte]))
                    time.sleep(0.05)
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=[listening], daemon=True)
        thread.start()
        began = time.monotonic()
        assert wrong(Server(f"ldap://127.0.0.1:{listening.getsockname()[1]}"), seconds=1) == (
            "127.0.0.1 does not answer."
        )
        assert 0.8 < time.monotonic() - began < 3
        thread.join(10)
    with silent_server() as silent:
        for url in (silent, silent.replace("ldap:", "ldaps:")):
            began = time.monotonic()
            assert wrong(Server(url), seconds=1) == "127.0.0.1 does not answer."
            assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "words", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0" * 64, b"\x30\x03\x02\x01\x01", b""]
)
def test_something_that_is_no_ldap_is_said_to_be_none(words):
    def say(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(words)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=say, args=[listening])
        thread.start()
        assert wrong(Server(f"ldap://127.0.0.1:{listening.getsockname()[1]}"), seconds=2)
        thread.join()


def test_what_the_network_does_wrong_is_said_in_words():
    assert wrong(Server("ldap://127.0.0.1:1")) == ("127.0.0.1 refuses the connection. Is the port right?")
    assert wrong(Server("ldaps://nobody.invalid")) == "There is no server called nobody.invalid."


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (" ldaps://directory.example.com ", "ldaps://directory.example.com"),
        ("ldap://10.1.2.3:3389/", "ldap://10.1.2.3:3389"),
        ("ldap://[::1]", "ldap://[::1]"),
        ("directory.example.com", None),
        ("https://directory.example.com", None),
        ("ldap://", None),
        ("ldap://a/dc=example", None),
        ("ldap://a?x", None),
        ("ldap://user@a", None),
        ("ldap://a:99999", None),
        ("ldaps://dir ectory", None),
    ],
)
def test_addresses_are_looked_at(given, kept):
    if kept is None:
        with pytest.raises(ldap.BadAddress):
            ldap.checked(given)
    else:
        assert ldap.checked(given) == kept


def test_filters_are_looked_at_with_and_without_the_library(monkeypatch):
    good, bad = ["(uid=x)", "(&(a=b)(|(c=d)(e=*)))"], ["uid=x", "(uid=x", "", "x"]
    assert [ldap.is_filter(text) for text in good + bad] == [True] * 2 + [False] * 4
    assert not ldap.is_filter("(uid)")
    monkeypatch.setitem(sys.modules, "ldap3", None)
    assert not ldap.installed()
    assert [ldap.is_filter(text) for text in good + bad] == [True] * 2 + [False] * 4
    assert wrong(Server("ldap://127.0.0.1:1")).startswith("This desk lacks the library for it: pip install")


def test_the_first_part_of_a_name():
    names = ["cn=admins,ou=groups", "CN=A\\, B,DC=x", "cn=x+sn=y,o=z", "nonsense", "cn=cn=a\\,b,ou=c"]
    assert [ldap.first_part(name) for name in names] == ["admins", "A\\, B", "x", "", "cn=a\\,b"]
