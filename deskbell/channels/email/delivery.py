"""Whether mails from a domain arrive: what its DNS says of SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 7489).

Receivers ask the same questions. What they find decides between the inbox, the spam folder and a refusal.
"""

from __future__ import annotations

import re
import time
from base64 import b64decode
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum

import dns.exception
import dns.resolver
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from django.conf import settings
from django.utils.translation import gettext as _

from deskbell.channels.email.providers import GMAIL, MICROSOFT

#: seconds for one question, and for all of a page together
PATIENCE, TOGETHER = 3, 8
#: lookups an SPF record may ask of its reader (RFC 7208 section 4.6.4)
SPF_LOOKUPS = 10
#: records read at most, however a record refers to others
SPF_READ = 20
#: names under which the usual providers and programs keep DKIM keys
SELECTORS = (
    *("default", "dkim", "mail", "google", "selector1", "selector2", "k1", "k2", "k3", "s1", "s2"),
    *(
        "fm1",
        "fm2",
        "fm3",
        "protonmail",
        "zoho",
        "zmail",
        "mx",
        "smtp",
        "postal",
        "pm",
        "mandrill",
        "mailjet",
    ),
)
#: what an SPF record has to include for mails that leave by a provider's server
INCLUDES = {GMAIL.smtp: "_spf.google.com", MICROSOFT.smtp: "spf.protection.outlook.com"}
#: names that belong to nobody (RFC 2606, RFC 6761)
RESERVED = ("example", "invalid", "localhost", "test", "example.com", "example.net", "example.org")
_MECHANISM = re.compile(r"([+\-~?]?)(all|include|a|mx|ptr|ip4|ip6|exists)(?:[:/].*)?", re.IGNORECASE)
#: those for which a reader has to look up another name
_LOOKED_UP = ("include", "a", "mx", "ptr", "exists", "redirect")
_MODIFIER = re.compile(r"([a-z][a-z0-9_.-]*)=(.*)", re.IGNORECASE)


def is_reserved(domain: str) -> bool:
    """Whether nobody can own `domain`, so that there is nothing to ask."""
    return any(domain == name or domain.endswith(f".{name}") for name in RESERVED)


class State(StrEnum):
    FINE = "fine"
    BETTER = "better"
    WRONG = "wrong"
    #: nobody answered
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Record:
    """A TXT record to add."""

    name: str
    value: str


@dataclass(frozen=True)
class Finding:
    subject: str
    state: State
    text: str
    #: what stands there now
    found: str = ""
    advice: Record | None = None


class Silent(Exception):
    """The name servers gave no answer: that says nothing of what they know."""


@dataclass
class Lookup:
    """Asks the name servers, each question once and all of them within TOGETHER."""

    resolver: dns.resolver.Resolver
    until: float = field(default_factory=lambda: time.monotonic() + TOGETHER)
    known: dict[tuple[str, str], list[str] | None] = field(default_factory=dict)

    @classmethod
    def of_settings(cls) -> Lookup:
        """By DESKBELL_NAMESERVER, else by the machine's own servers. Raises Silent when it names none."""
        address, _colon, port = settings.NAMESERVER.partition(":")
        try:
            resolver = dns.resolver.Resolver(configure=not address)
        except dns.resolver.NoResolverConfiguration as error:
            raise Silent(str(error)) from error
        if address:
            resolver.nameservers, resolver.port = [address], int(port or 53)
        return cls(resolver)

    def ahead(self, questions: Iterable[tuple[str, str]]) -> None:
        """Ask side by side what will be wanted."""
        new = [one for one in dict.fromkeys(questions) if one not in self.known]
        with ThreadPoolExecutor(16) as threads:
            self.known |= dict(zip(new, threads.map(self._answers, new), strict=True))

    def __call__(self, name: str, kind: str = "TXT") -> list[str]:
        """The records of `name`, none when there is no such name. Raises Silent."""
        if (name, kind) not in self.known:
            self.known[name, kind] = self._answers((name, kind))
        found = self.known[name, kind]
        if found is None:
            raise Silent(name)
        return found

    def _answers(self, question: tuple[str, str]) -> list[str] | None:
        left = self.until - time.monotonic()
        if left <= 0:
            return None
        try:
            answer = self.resolver.resolve(*question, lifetime=min(PATIENCE, left))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError, ValueError):
            return None
        if question[1] == "TXT":
            return [b"".join(row.strings).decode("utf-8", "replace") for row in answer]
        return [row.to_text() for row in answer]


def look(
    lookup: Lookup, domain: str, *, server: str = "", account: str = "", selector: str = ""
) -> list[Finding]:
    """What receivers find about mails from `domain`.

    `server` is the mail server they leave by and `account` the sign-in there; `selector` names the DKIM key.
    """
    selectors = [selector] if selector else list(SELECTORS)
    lookup.ahead(
        [
            (domain, "MX"),
            (domain, "TXT"),
            *((f"_dmarc.{each}", "TXT") for each in _upwards(domain)),
            *((f"{each}._domainkey.{domain}", "TXT") for each in selectors),
        ]
    )
    checks = (
        ("MX", lambda: _mx(lookup, domain)),
        ("SPF", lambda: _spf(lookup, domain, server)),
        ("DKIM", lambda: _dkim(lookup, domain, selectors, named=bool(selector))),
        ("DMARC", lambda: _dmarc(lookup, domain)),
    )
    findings = []
    for subject, check in checks:
        try:
            findings.append(check())
        except Silent:
            text = _("The name servers did not answer. Try again in a while.")
            findings.append(Finding(subject, State.UNKNOWN, text))
    return findings + list(_account(domain, account))


def _mx(lookup: Lookup, domain: str) -> Finding:
    servers = sorted(lookup(domain, "MX"), key=lambda row: int(row.split()[0]))
    names = [row.split()[1].rstrip(".") for row in servers]
    if names and any(names):
        return Finding(
            "MX", State.FINE, _("Mails to this domain have a server that takes them."), ", ".join(names)
        )
    text = _("No server takes mails for this domain, so that no answer of a customer can arrive.")
    return Finding("MX", State.WRONG, text, ", ".join(servers))


# --- SPF ----------------------------------------------------------------------------------------


def _spf(lookup: Lookup, domain: str, server: str) -> Finding:
    records = _spf_records(lookup, domain)
    wanted = next((name for host, name in INCLUDES.items() if server.casefold() == host), "")
    if not records:
        text = _("The domain does not say which servers may send its mails. Many receivers distrust them.")
        value = f"v=spf1 include:{wanted} ~all" if wanted else "v=spf1 mx ~all"
        return Finding("SPF", State.WRONG, text, advice=Record(domain, value))
    if len(records) > 1:
        text = _("There is more than one SPF record: receivers use none of them. Put all into one.")
        return Finding("SPF", State.WRONG, text, " · ".join(records))
    record = records[0]
    if unknown := [term for term in record.split()[1:] if not _understood(term)]:
        text = _("It holds a word that is no SPF, so that receivers use nothing of it: %(word)s")
        return Finding("SPF", State.WRONG, text % {"word": unknown[0]}, record)
    counted, included, last = _walk(lookup, record)
    if counted > SPF_LOOKUPS:
        text = _("It makes receivers look up %(count)s other names. They stop at ten and use nothing of it.")
        return Finding("SPF", State.WRONG, text % {"count": counted}, record)
    if last == "+":
        return Finding(
            "SPF", State.WRONG, _("It lets every server in the world send for this domain."), record
        )
    if wanted and wanted not in included:
        text = _("It does not name the servers of %(server)s, by which your mails leave.")
        return Finding(
            "SPF", State.WRONG, text % {"server": server}, record, Record(domain, _with(record, wanted))
        )
    if last not in ("-", "~"):
        text = _("It does not say what to think of other servers. End it with ~all or -all.")
        return Finding("SPF", State.BETTER, text, record)
    return Finding("SPF", State.FINE, _("It says which servers may send, and that others may not."), record)


def _spf_records(lookup: Lookup, domain: str) -> list[str]:
    return [each for each in lookup(domain) if each.lower().split(" ")[0] == "v=spf1"]


def _understood(term: str) -> bool:
    return bool(_MECHANISM.fullmatch(term) or _MODIFIER.fullmatch(term))


def _term(term: str) -> tuple[str, str, str]:
    """(mechanism or modifier, what it names, sign) of a word that is understood."""
    if mechanism := _MECHANISM.fullmatch(term):
        return mechanism[2].lower(), term.partition(":")[2], mechanism[1] or "+"
    name, _sign, value = term.partition("=")
    return name.lower(), value, ""


def _walk(lookup: Lookup, record: str) -> tuple[int, set[str], str]:
    """(names a reader has to look up, domains included on the way, what is said of all others)."""
    counted, included, said = 0, set[str](), ""
    waiting = [(record, True)]
    for _read in range(SPF_READ):
        if not waiting:
            break
        text, own = waiting.pop()
        for term in text.split()[1:]:
            kind, value, sign = _term(term)
            if kind == "all":
                said = sign if own else said
            counted += kind in _LOOKED_UP
            if kind in ("include", "redirect") and "%" not in value:
                included.add(value.lower().rstrip("."))
                waiting += [(each, own and kind == "redirect") for each in _spf_records(lookup, value)]
    return counted, included, said


def _with(record: str, wanted: str) -> str:
    head, *terms = record.split()
    return " ".join([head, f"include:{wanted}", *terms])


# --- DKIM ---------------------------------------------------------------------------------------


def _dkim(lookup: Lookup, domain: str, selectors: list[str], *, named: bool) -> Finding:
    """Of the keys found the best one counts: others are left over from former providers."""
    silent, keys = False, []
    for selector in selectors:
        try:
            records = lookup(f"{selector}._domainkey.{domain}")
        except Silent:
            silent = True
            continue
        keys += [_key(selector, each) for each in records if "p=" in each.replace(" ", "")]
    if keys:
        return min(keys, key=lambda one: list(State).index(one.state))
    if silent:
        raise Silent(domain)
    if named:
        text = _("There is no key under the selector “%(selector)s”.") % {"selector": selectors[0]}
        return Finding("DKIM", State.WRONG, text)
    text = _(
        "No key was found under the usual selectors. Your mail server signs its mails, or should: ask it for"
        " its selector (s= in the header DKIM-Signature of a mail it sent) and enter it below."
    )
    return Finding("DKIM", State.UNKNOWN, text)


def _key(selector: str, record: str) -> Finding:
    tags = _tags(record)
    said = {"selector": selector}
    if not tags.get("p"):
        return Finding("DKIM", State.WRONG, _("The key “%(selector)s” was taken back.") % said, record)
    if tags.get("k", "rsa").lower() == "ed25519":
        text = _("Only a key of the kind ed25519 was found (“%(selector)s”): many receivers do not know it.")
        return Finding("DKIM", State.BETTER, text % said, record)
    try:
        key = load_der_public_key(b64decode("".join(tags["p"].split())))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPublicKey):
        return Finding("DKIM", State.WRONG, _("The key “%(selector)s” cannot be read.") % said, record)
    said["bits"] = str(key.key_size)
    if key.key_size < 1024:
        text = _("The key “%(selector)s” has %(bits)s bits: receivers do not trust fewer than 1024.")
        return Finding("DKIM", State.WRONG, text % said, record)
    if key.key_size < 2048:
        text = _("The key “%(selector)s” has %(bits)s bits. 2048 are usual today.")
        return Finding("DKIM", State.BETTER, text % said, record)
    text = _("Mails can be signed: the key “%(selector)s” has %(bits)s bits.")
    return Finding("DKIM", State.FINE, text % said, record)


def _tags(record: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, _sign, value in pairs if name.strip()}


# --- DMARC --------------------------------------------------------------------------------------


def _upwards(domain: str) -> Iterator[str]:
    """The domain and those above it, down to two labels."""
    labels = domain.split(".")
    for start in range(max(len(labels) - 1, 1)):
        yield ".".join(labels[start:])


def _dmarc(lookup: Lookup, domain: str) -> Finding:
    for place in _upwards(domain):
        records = [
            each for each in lookup(f"_dmarc.{place}") if each.lower().replace(" ", "").startswith("v=dmarc1")
        ]
        if records:
            return _policy(records, inherited=place != domain)
    text = _("The domain does not say what to do with mails that forge it. Some receivers want that.")
    advice = Record(f"_dmarc.{domain}", f"v=DMARC1; p=none; rua=mailto:postmaster@{domain}")
    return Finding("DMARC", State.WRONG, text, advice=advice)


def _policy(records: list[str], *, inherited: bool) -> Finding:
    record = " · ".join(records)
    tags = _tags(records[0])
    policy = (tags.get("sp") if inherited else "") or tags.get("p", "")
    if len(records) > 1:
        text = _("There is more than one DMARC record: receivers use none of them.")
        return Finding("DMARC", State.WRONG, text, record)
    match policy.lower():
        case "reject" | "quarantine":
            text = _("Mails that forge the domain are refused or put aside. Yours pass by SPF or DKIM.")
            return Finding("DMARC", State.FINE, text, record)
        case "none":
            text = _(
                "It only watches (p=none). Once its reports show that your mails pass, say p=quarantine."
            )
            return Finding("DMARC", State.BETTER, text, record)
    return Finding(
        "DMARC", State.WRONG, _("It names no policy (p=), so that receivers use nothing of it."), record
    )


# --- the account --------------------------------------------------------------------------------


def _account(domain: str, account: str) -> Iterator[Finding]:
    """DMARC wants the domain of the sender: an account of another one lends its own."""
    other = account.rpartition("@")[2].casefold() if "@" in account else ""
    related = other == domain or other.endswith(f".{domain}") or domain.endswith(f".{other}")
    if other and not related:
        text = _(
            "Mails leave by an account of %(other)s. SPF passes for that domain alone; have its server sign"
            " with DKIM for %(domain)s."
        )
        yield Finding(_("Account"), State.BETTER, text % {"other": other, "domain": domain}, account)
