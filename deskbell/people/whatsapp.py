"""Numbers as WhatsApp writes them, which in some countries is not as they are dialled."""

from __future__ import annotations

import re
from datetime import timedelta

#: a number that was silent for so long may have been given to somebody else
SILENT = timedelta(days=90)
#: a number as WhatsApp may write it → the other way to write it. Mexico puts a 1 before mobile numbers,
#: Brazil's old accounts lack the ninth digit (mobile numbers begin with 6 to 9), Argentina puts a 9.
_OTHER = (
    (re.compile(r"521(\d{10})"), r"52\1"),
    (re.compile(r"52(?!1\d{10}$)(\d{10})"), r"521\1"),
    (re.compile(r"55(\d\d)9([6-9]\d{7})"), r"55\1\2"),
    (re.compile(r"55(\d\d)([6-9]\d{7})"), r"55\g<1>9\2"),
    (re.compile(r"549(\d{10})"), r"54\1"),
)


def aliases(wa_id: str) -> list[str]:
    """Other spellings of the same WhatsApp number, all digits.

    Never 549… for 54…: without the 9 it may be a landline of somebody else.
    """
    return [shape.sub(other, wa_id) for shape, other in _OTHER if shape.fullmatch(wa_id)]
