"""Mails and codes that a page asked for. The page enqueues one whether or not anybody has the address: only
here it is decided, so that neither the answer nor its time tells.
"""

from __future__ import annotations

from django.utils import translation
from procrastinate.contrib.django import app

from deskbell.account import mail as letters
from deskbell.channels.actions import whatsapp_codes
from deskbell.kit.secrets import unseal


@app.task(name="account.mail", queue="outbound")
def mail(sealed: str) -> None:
    """`sealed`: name (a key of WORDS, or one that nobody is sent), recipient, code and language."""
    asked = unseal(sealed.encode())
    if asked["name"] in letters.WORDS:
        with translation.override(asked["language"]):
            letters.put(asked["name"], asked["recipient"], code=asked["code"])


@app.task(name="account.whatsapp_code", queue="outbound")
def whatsapp_code(sealed: str) -> None:
    """`sealed`: phone, code, whose it is (0: nobody's), language. It goes to the number that was proven."""
    asked = unseal(sealed.encode())
    number = whatsapp_codes.number_of(asked["phone"].removeprefix("+"))
    if number is not None and number.user_id == asked["person"]:
        language = number.user.language or asked["language"]
        whatsapp_codes.put_code(number.key, asked["code"], language=language)
