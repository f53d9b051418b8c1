"""The months of a WhatsApp number in the reader's words."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from deskbell.channels.whatsapp.charges import Month

CATEGORIES: dict[str, str | Promise] = {
    "service": gettext_lazy("Answers within the 24 hours"),
    "utility": gettext_lazy("Templates about a request"),
    "marketing": gettext_lazy("Templates that advertise"),
    "marketing_lite": gettext_lazy("Templates that advertise"),
    "authentication": gettext_lazy("Templates with a code"),
    "authentication_international": gettext_lazy("Templates with a code, abroad"),
    "referral_conversion": gettext_lazy("Answers to an advertisement"),
}


@dataclass(frozen=True)
class Told:
    """`lines` are words, charged, free."""

    name: str
    charged: int
    free: int
    lines: list[tuple[str | Promise, int, int]]


def told(months: list[Month]) -> list[Told]:
    """From the present month back to the first in which anything arrived; empty when nothing ever did."""
    while months and not months[-1].sums:
        months = months[:-1]
    return [
        Told(
            date_format(each.first, "YEAR_MONTH_FORMAT"),
            each.charged,
            each.free,
            [(CATEGORIES.get(one.category, one.category), one.charged, one.free) for one in each.sums],
        )
        for each in months
    ]
