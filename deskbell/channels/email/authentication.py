"""What the desk's own mail server found out about a sender (Authentication-Results, RFC 8601)."""

from __future__ import annotations

import re
from collections.abc import Iterable

_METHOD = re.compile(r"^(dmarc|dkim|spf)\s*=\s*([a-z]+)$")


def verified(results: Iterable[str], *, by: str, sender: str) -> bool:
    """Whether the server that calls itself `by` confirmed that a mail comes from the domain of `sender`.

    `results` are the values of the header, the topmost first. The first one of our server counts, no other:
    all below it may have been written by the sender, and other servers' words are not asked for. DMARC
    decides; without it a signature (DKIM) or an envelope (SPF) of the sender's domain or one above it does.
    """
    domain = _domain(sender)
    if not by or not domain:
        return False
    for value in results:
        name, *entries = _plain(value).split(";")
        if (name.split() or [""])[0].casefold() == by.casefold():
            return _confirmed([entry.split() for entry in entries if entry.strip()], domain)
    return False


def _confirmed(entries: list[list[str]], domain: str) -> bool:
    passed = False
    for first, *rest in entries:
        match = _METHOD.match(first.lower())
        if not match:
            continue
        method, result = match[1], match[2]
        said = dict(pair.lower().split("=", 1) for pair in rest if "=" in pair)
        if method == "dmarc":
            about = said.get("header.from", domain)
            if result in ("pass", "fail"):
                return result == "pass" and _domain(about) == domain
        elif result == "pass":
            named = (
                [said.get("header.d", ""), said.get("header.i", "")]
                if method == "dkim"
                else [said.get("smtp.mailfrom", "")]
            )
            passed = passed or any(_covers(_domain(one), domain) for one in named if one)
    return passed


def _covers(signer: str, domain: str) -> bool:
    """Never the other way round: where strangers get a name below a domain, theirs says nothing of it."""
    return "." in signer and (domain == signer or domain.endswith("." + signer))


def _domain(address: str) -> str:
    return address.rpartition("@")[2].strip().rstrip(".").casefold()


def _plain(value: str) -> str:
    """`value` without comments, and with quoted strings as one harmless word: both may hold foreign text."""
    out: list[str] = []
    depth, quoted, escaped = 0, False, False
    for letter in value:
        if escaped:
            escaped = False
            continue
        if letter == "\\":
            escaped = True
        elif quoted:
            quoted = letter != '"'
            if quoted and not depth:
                out.append(letter if letter.isalnum() or letter in ".@-_" else "_")
        elif letter == '"' and not depth:
            quoted = True
        elif letter == "(":
            depth += 1
        elif letter == ")":
            depth = max(0, depth - 1)
        elif not depth:
            out.append(letter)
    return "".join(out)
