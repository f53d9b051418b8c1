"""Words, times and dates as one reader wants them."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.utils import timezone, translation

from deskbell.kit.time import dates_as
from deskbell.people.companies import company


@contextmanager
def reading(*, language: str = "", time_zone: str = "") -> Iterator[str]:
    """Inside the block pages and mails speak `language` and show times in `time_zone`.

    What is empty, or no longer known, is as the company has it. Gives the language.
    """
    desk = company()
    known = dict(settings.LANGUAGES)
    spoken = next((one for one in (language, desk.language) if one in known), settings.LANGUAGE_CODE)
    with (
        translation.override(spoken),
        timezone.override(_zone(time_zone) or _zone(desk.time_zone) or _zone(settings.TIME_ZONE)),
        dates_as(desk.date_format),
    ):
        yield spoken


def _zone(name: str) -> zoneinfo.ZoneInfo | None:
    try:
        return zoneinfo.ZoneInfo(name) if name else None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return None
