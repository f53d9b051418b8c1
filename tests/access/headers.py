"""What every answer has to say to a browser beside its content."""

from __future__ import annotations

import re
from typing import Any

from deskbell.kit.answers import HEADERS
from deskbell.tickets.serving import FILE, FRAME

#: the only pages with a policy of their own: what came from outside, in a sandbox
OUTSIDE = re.compile(r":(message-html|inline|attachment|archive|text_preview)$")
UNSAFE = re.compile(r"unsafe-|\*|data:|https?:")


def faults(route: str, response: Any) -> list[str]:
    """What is wrong with the headers of an answer of `route`."""
    headers = response.headers
    wrong = [] if headers.get("X-Content-Type-Options") == "nosniff" else ["nosniff"]
    if headers.get("Referrer-Policy") not in ("same-origin", "no-referrer"):
        wrong.append("referrer")
    if headers.get("Cross-Origin-Opener-Policy") != "same-origin":
        wrong.append("opener")
    wrong += [name for name, value in HEADERS.items() if headers.get(name) != value]
    if headers.get("X-Frame-Options") not in ("SAMEORIGIN", "DENY"):
        wrong.append("frames")
    wrong += _policy_faults(route, headers.get("Content-Security-Policy", ""))
    return wrong


def _policy_faults(route: str, policy: str) -> list[str]:
    if policy in (FRAME.format(images=""), FRAME.format(images=" data:"), FILE):
        return [] if OUTSIDE.search(route) else [f"the policy of outside content: {policy}"]
    said = dict(each.strip().partition(" ")[::2] for each in policy.split(";"))
    wrong = [f"{name} {value}" for name, value in said.items() if name != "img-src" and UNSAFE.search(value)]
    expected = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'self'",
        "img-src": "'self' data: blob:",
    }
    return wrong + [f"{name} {said.get(name)}" for name, value in expected.items() if said.get(name) != value]
