"""What receivers find about a domain, asked of a real name server."""

from __future__ import annotations

import time
from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from deskbell.channels.email import delivery
from deskbell.channels.email.delivery import Finding, State
from deskbell.channels.models import Channel
from tests import stories
from tests.support.dnsserver import name_server

DOMAIN = "desk.internal"


def key(bits: int) -> str:
    public = rsa.generate_private_key(65537, bits).public_key()
    return b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


GOOD_KEY = key(2048)


@pytest.fixture
def dns(settings):
    with name_server() as server:
        settings.NAMESERVER = f"127.0.0.1:{server.port}"
        server.zone[DOMAIN, "MX"] = ["20 b.desk.internal.", "10 a.desk.internal."]
        server.text(DOMAIN, "some-other-proof=1", "v=spf1 mx ~all")
        server.text(f"_dmarc.{DOMAIN}", "v=DMARC1; p=reject")
        server.text(f"mail._domainkey.{DOMAIN}", f"v=DKIM1; k=rsa; p={GOOD_KEY}")
        yield server


def found(subject: str, **known: str) -> Finding:
    findings = delivery.look(delivery.Lookup.of_settings(), DOMAIN, **known)
    return next(each for each in findings if each.subject == subject)


def test_all_is_well(dns):
    findings = delivery.look(delivery.Lookup.of_settings(), DOMAIN, account=f"support@{DOMAIN}")
    assert [(one.subject, one.state) for one in findings] == [
        ("MX", State.FINE),
        ("SPF", State.FINE),
        ("DKIM", State.FINE),
        ("DMARC", State.FINE),
    ]
    assert findings[0].found == "a.desk.internal, b.desk.internal"
    assert findings[2].text == "Mails can be signed: the key “mail” has 2048 bits."


def test_a_domain_that_says_nothing_gets_the_records_to_add(dns):
    dns.zone.clear()
    findings = delivery.look(delivery.Lookup.of_settings(), DOMAIN, server="smtp.gmail.com")
    assert [one.state for one in findings] == [State.WRONG, State.WRONG, State.UNKNOWN, State.WRONG]
    advice = [(one.advice.name, one.advice.value) for one in findings if one.advice]
    assert advice == [
        (DOMAIN, "v=spf1 include:_spf.google.com ~all"),
        (f"_dmarc.{DOMAIN}", f"v=DMARC1; p=none; rua=mailto:postmaster@{DOMAIN}"),
    ]


@pytest.mark.parametrize(
    ("records", "state", "words"),
    [
        (["v=spf1 -all"], State.FINE, "others may not"),
        (["V=SPF1 ip4:192.0.2.0/24 a:x.example -ALL"], State.FINE, "others may not"),
        (["v=spf1 redirect=_spf.elsewhere.example"], State.FINE, "others may not"),
        (["v=spf1 mx"], State.BETTER, "End it with ~all or -all."),
        (["v=spf1 mx ?all"], State.BETTER, "End it with ~all or -all."),
        (["v=spf1 mx +all"], State.WRONG, "every server in the world"),
        (["v=spf1 all"], State.WRONG, "every server in the world"),
        (["v=spf1 mx ~all", "v=spf1 a -all"], State.WRONG, "more than one SPF record"),
        (["v=spf1 mx, ~all"], State.WRONG, "no SPF, so that receivers use nothing of it: mx,"),
        (["v=spf10 mx ~all"], State.WRONG, "does not say which servers"),
        (["v=spf1 include:loop.example ~all"], State.WRONG, "look up 20 other names"),
        (["v=spf1 " + "a:h.example " * 10 + "~all"], State.FINE, "others may not"),
        (["v=spf1 " + "a:h.example " * 11 + "~all"], State.WRONG, "look up 11 other names"),
    ],
)
def test_spf(dns, records, state, words):
    dns.text(DOMAIN, *records)
    dns.text("_spf.elsewhere.example", "v=spf1 ip4:192.0.2.1 -all")
    dns.text("loop.example", "v=spf1 include:loop.example ~all")
    finding = found("SPF")
    assert (finding.state, words in finding.text) == (state, True), finding


def test_spf_has_to_name_the_provider_by_whose_server_mails_leave(dns):
    finding = found("SPF", server="smtp.office365.com")
    assert finding.state == State.WRONG
    assert finding.advice.value == "v=spf1 include:spf.protection.outlook.com mx ~all"
    dns.text(DOMAIN, "v=spf1 include:group.example ~all")
    dns.text("group.example", "v=spf1 include:spf.protection.outlook.com ~all")
    dns.text("spf.protection.outlook.com", "v=spf1 ip4:192.0.2.0/24 -all")
    assert found("SPF", server="smtp.office365.com").state == State.FINE


@pytest.mark.parametrize(
    ("record", "state", "words"),
    [
        (f"v=DKIM1; p={GOOD_KEY}", State.FINE, "has 2048 bits"),
        (f"p={GOOD_KEY[:100]} {GOOD_KEY[100:]}", State.FINE, "has 2048 bits"),
        (f"v=DKIM1; p={key(1024)}", State.BETTER, "has 1024 bits. 2048 are usual"),
        ("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", State.BETTER, "ed25519"),
        ("v=DKIM1; p=", State.WRONG, "was taken back"),
        ("v=DKIM1; p=nonsense", State.WRONG, "cannot be read"),
        (f"v=DKIM1; p={GOOD_KEY[:-40]}", State.WRONG, "cannot be read"),
    ],
)
def test_dkim(dns, record, state, words):
    dns.text(f"own.one._domainkey.{DOMAIN}", record)
    finding = found("DKIM", selector="own.one")
    assert (finding.state, words in finding.text) == (state, True), finding


def test_of_several_keys_the_best_one_counts_and_a_named_one_must_be_there(dns):
    dns.text(f"default._domainkey.{DOMAIN}", "v=DKIM1; p=")
    assert found("DKIM").state == State.FINE
    assert found("DKIM", selector="gone").text == "There is no key under the selector “gone”."
    del dns.zone[f"mail._domainkey.{DOMAIN}", "TXT"], dns.zone[f"default._domainkey.{DOMAIN}", "TXT"]
    assert found("DKIM").state == State.UNKNOWN


@pytest.mark.parametrize(
    ("records", "state"),
    [
        (["v=DMARC1; p=quarantine; adkim=s"], State.FINE),
        (["v=DMARC1; p=none"], State.BETTER),
        (["v=DMARC1; rua=mailto:a@b.example"], State.WRONG),
        (["v=DMARC1; p=reject", "v=DMARC1; p=none"], State.WRONG),
    ],
)
def test_dmarc(dns, records, state):
    dns.text(f"_dmarc.{DOMAIN}", *records)
    assert found("DMARC").state == state


def test_a_policy_above_counts_for_domains_below_it(dns):
    dns.text("_dmarc.desk.internal", "v=DMARC1; p=reject; sp=none")
    findings = delivery.look(delivery.Lookup.of_settings(), "mail.support.desk.internal")
    assert findings[3].state == State.BETTER


def test_an_account_of_another_domain_is_told(dns):
    assert found("Account", account="desk@relay.example").state == State.BETTER
    findings = delivery.look(delivery.Lookup.of_settings(), DOMAIN, account="desk@sub.desk.internal")
    assert len(findings) == 4


def test_servers_that_fail_or_say_nothing_prove_nothing(dns, monkeypatch):
    monkeypatch.setattr(delivery, "PATIENCE", 0.5)
    dns.broken.add(DOMAIN)
    dns.silent |= {f"_dmarc.{DOMAIN}", *(f"{one}._domainkey.{DOMAIN}" for one in delivery.SELECTORS)}
    began = time.monotonic()
    findings = delivery.look(delivery.Lookup.of_settings(), DOMAIN)
    assert [one.state for one in findings] == [State.UNKNOWN] * 4
    assert time.monotonic() - began < delivery.TOGETHER + 1


def test_nothing_is_asked_twice(dns):
    delivery.look(delivery.Lookup.of_settings(), DOMAIN)
    assert len(dns.asked) == len(set(dns.asked))


def test_the_page(dns, mailbox, client):
    client.force_login(stories.staff("owner"))
    Channel.objects.update(address=f"support@{DOMAIN}")
    dns.text(f"_dmarc.{DOMAIN}")
    page = f"/setup/mailboxes/{mailbox.pk}/delivery/"

    def shown(**typed: str) -> str:
        return client.get(page, typed).content.decode().partition("<main")[2]

    assert f"v=DMARC1; p=none; rua=mailto:postmaster@{DOMAIN}" in shown()
    assert "<script" not in shown(selector="<script>alert(1)")
    assert "A selector has letters, digits, dots and hyphens." in shown(selector="a b")
    assert "There is no key under the selector “gone”." in shown(selector="gone")
    Channel.objects.update(address="support@desk.example")
    dns.asked.clear()
    assert "desk.example is a name for examples that nobody can own" in shown()
    assert dns.asked == []
