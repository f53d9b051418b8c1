"""Times as people read them, in the active language and time zone. Cheap enough for a list of fifty rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time, format_timedelta
from django.utils import timezone
from django.utils.translation import get_language, gettext, to_locale

MINUTE, HOUR, DAY = 60, 3600, 86400
#: seconds of the unit, seconds up to which it is used; beyond the last one a date is shown
UNITS = ((MINUTE, HOUR), (HOUR, DAY), (DAY, 7 * DAY), (7 * DAY, 28 * DAY))

#: forms of a date that a company may choose → their Unicode date patterns, with and without the year
DATE_FORMS = {
    "2026-11-22": ("yyyy-MM-dd", "yyyy-MM-dd"),
    "22.11.2026": ("dd.MM.yyyy", "dd.MM."),
    "11/22/2026": ("MM/dd/yyyy", "MM/dd"),
}
_form: ContextVar[str] = ContextVar("date_form", default="")


@contextmanager
def dates_as(form: str) -> Iterator[None]:
    """Inside the block dates have `form`, a key of DATE_FORMS; that of the language when it is empty."""
    before = _form.set(form if form in DATE_FORMS else "")
    try:
        yield
    finally:
        _form.reset(before)


def relative(value: datetime, *, now: datetime | None = None) -> str:
    """How long ago, or until, `value` is: "just now", "5 min. ago", "in 2 days"; a date beyond four weeks.

    `kit/js/times.js` keeps the same steps, so that the text does not jump when the page has loaded.
    """
    seconds = int((value - (now or timezone.now())).total_seconds())
    distance = abs(seconds)
    if distance < MINUTE:
        return gettext("just now")
    for unit, limit in UNITS:
        if distance < limit:
            rounded = distance // unit * unit
            return _distance(rounded if seconds > 0 else -rounded, _language())
    return day(value)


def exact(value: datetime) -> str:
    """Date and time of day to the minute, with the short name of the time zone."""
    return _exact(_to_minute(value), *manner())


def day(value: datetime | date) -> str:
    """The date alone; the year only if it is not the present one."""
    on = timezone.localtime(value).date() if isinstance(value, datetime) else value
    return _day(on, on.year != timezone.localdate().year, _language(), _form.get())


def clock(value: datetime) -> str:
    """The time of day alone."""
    return _clock(_to_minute(value), str(timezone.get_current_timezone()), _language())


def midnight(on: date) -> datetime:
    """When the day begins in the active time zone."""
    return timezone.make_aware(datetime.combine(on, time.min))


def duration(value: timedelta) -> str:
    """How long something took, in two units at most: "3 h 20 min"."""
    minutes = int(value.total_seconds()) // 60
    hours, days = minutes // 60, minutes // (24 * 60)
    if minutes < 1:
        return gettext("under a minute")
    if hours < 1:
        return gettext("%(minutes)s min") % {"minutes": minutes}
    if days < 1:
        return gettext("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes % 60}
    return gettext("%(days)s d %(hours)s h") % {"days": days, "hours": hours % 24}


def manner() -> tuple[str, str, str]:
    """The reader's zone, language and form of dates: what the text of a time depends on beside the time."""
    return str(timezone.get_current_timezone()), _language(), _form.get()


def iso(value: datetime) -> str:
    """RFC 3339 in UTC to the second, as a `<time datetime>` and the API want it."""
    return value.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=64)
def locale(language: str) -> Locale:
    """Babel's locale for one of Django's language codes; English where Babel has none (test languages)."""
    try:
        return Locale.parse(to_locale(language))
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en")


def _language() -> str:
    return get_language() or "en"


def _to_minute(value: datetime) -> datetime:
    return value.replace(second=0, microsecond=0)


@lru_cache(maxsize=2048)
def _distance(seconds: int, language: str) -> str:
    return format_timedelta(
        timedelta(seconds=seconds), threshold=1, add_direction=True, format="short", locale=locale(language)
    )


@lru_cache(maxsize=8192)
def _exact(value: datetime, zone: str, language: str, form: str) -> str:
    local, words = value.astimezone(ZoneInfo(zone)), locale(language)
    pattern = DATE_FORMS[form][0] if form else "medium"
    on, at = format_date(local, pattern, locale=words), format_time(local, "short", locale=words)
    return f"{on}, {at} {local:%Z}"


@lru_cache(maxsize=4096)
def _day(on: date, with_year: bool, language: str, form: str) -> str:
    if form:
        return format_date(on, DATE_FORMS[form][0 if with_year else 1], locale=locale(language))
    if with_year:
        return format_date(on, "medium", locale=locale(language))
    noon = datetime(on.year, on.month, on.day, 12, tzinfo=ZoneInfo("UTC"))
    return format_skeleton("MMMd", noon, locale=locale(language))


@lru_cache(maxsize=4096)
def _clock(value: datetime, zone: str, language: str) -> str:
    return format_time(value.astimezone(ZoneInfo(zone)), "short", locale=locale(language))
