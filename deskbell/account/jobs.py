"""Mails that a page asked for. The page enqueues one whether or not anybody has the address: only here it
is decided, so that neither the answer nor its time tells.
"""

from __future__ import annotations

from django.utils import translation
from procrastinate.contrib.django import app

from deskbell.account import mail as letters
from deskbell.kit.secrets import unseal


@app.task(name="account.mail", queue="outbound")
def mail(sealed: str) -> None:
    """`sealed`: name (a key of WORDS, or one that nobody is sent), recipient, code and language."""
    asked = unseal(sealed.encode())
    if asked["name"] in letters.WORDS:
        with translation.override(asked["language"]):
            letters.put(asked["name"], asked["recipient"], code=asked["code"])
