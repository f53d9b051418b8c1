"""Times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation

from deskbell.kit import time

NOW = datetime(2026, 11, 22, 14, 5, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "just now"),
        (-59, "just now"),
        (-60, "1 min. ago"),
        (-3599, "59 min. ago"),
        (-3600, "1 hr. ago"),
        (-86399, "23 hr. ago"),
        (-86400, "1 day ago"),
        (-7 * 86400, "1 wk. ago"),
        (120, "in 2 min."),
        (3 * 86400, "in 3 days"),
    ],
)
def test_how_long_ago(seconds, text):
    assert time.relative(NOW + timedelta(seconds=seconds), now=NOW) == text


def test_beyond_four_weeks_the_date_is_said():
    long_ago = timezone.now().replace(month=1, day=3) - timedelta(days=370)
    assert time.relative(long_ago) == time.day(long_ago)
    assert str(long_ago.year) in time.day(long_ago)


def test_exact_times_follow_the_readers_zone_and_language():
    with timezone.override("UTC"):
        assert time.exact(NOW).replace("\u202f", " ") == "Nov 22, 2026, 2:05 PM UTC"
    with timezone.override("Asia/Kolkata"), translation.override("de"):
        assert time.exact(NOW) == "22.11.2026, 19:35 IST"
        assert time.clock(NOW) == "19:35"


def test_the_day_is_the_readers_day():
    late = datetime(2020, 5, 1, 23, 30, tzinfo=UTC)
    with timezone.override("Asia/Tokyo"):
        assert time.day(late) == "May 2, 2020"
    assert time.iso(late) == "2020-05-01T23:30:00Z"


def test_a_language_babel_does_not_know_is_shown_in_english():
    assert str(time.locale("xx-unknown")) == "en"


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(0.5, "under a minute"), (59, "59 min"), (60, "1 h 0 min"), (200, "3 h 20 min"), (60 * 49, "2 d 1 h")],
)
def test_a_duration_is_told_in_two_units(minutes, text):
    assert time.duration(timedelta(minutes=minutes)) == text
