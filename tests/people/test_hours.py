"""When the company is open, and when next."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from deskbell.people.hours import BadSpans, Hours, read_spans, written


def hours(closed: dict[date, str] | None = None, **days: str) -> Hours:
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    week = [
        [[a.strftime("%H:%M"), b.strftime("%H:%M")] for a, b in read_spans(days.get(n, ""))] for n in names
    ]
    stored = {
        "zone": "Europe/Berlin",
        "week": week,
        "closed": [[d.isoformat(), n] for d, n in (closed or {}).items()],
    }
    return Hours.of(stored, "UTC")


WEEK = {"mon": "9-12:30, 13.30–17:00", "tue": "09:00-17:00", "fri": "20:00-24:00"}


@pytest.mark.parametrize(
    ("at", "opens", "next_one"),
    [
        ("2026-11-30T07:59", False, "2026-11-30T08:00"),  # Monday, in winter an hour before UTC
        ("2026-11-30T08:00", True, "2026-11-30T12:30"),
        ("2026-11-30T11:30", False, "2026-11-30T12:30"),
        ("2026-11-30T16:00", False, "2026-12-01T08:00"),
        ("2026-12-01T16:00", False, "2026-12-04T19:00"),
        ("2026-12-04T22:59", True, "2026-12-07T08:00"),  # until midnight
        ("2026-12-04T23:00", False, "2026-12-07T08:00"),
        ("2026-07-06T06:59", False, "2026-07-06T07:00"),  # in summer two hours
    ],
)
def test_the_week_is_meant_in_its_own_zone(at, opens, next_one):
    week, moment = hours(**WEEK), datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert week.is_open(moment) is opens
    found = week.next_opening(moment)
    assert found is not None
    assert found.astimezone(UTC) == datetime.fromisoformat(next_one).replace(tzinfo=UTC)


def test_on_a_holiday_it_is_closed_and_the_next_day_counts():
    week = hours({date(2026, 11, 30): "Holiday"}, **WEEK)
    at = datetime(2026, 11, 30, 9, tzinfo=UTC)
    assert not week.is_open(at)
    opens = week.next_opening(at)
    assert opens is not None
    assert opens.astimezone(UTC) == datetime(2026, 12, 1, 8, tzinfo=UTC)


def test_without_hours_it_is_always_open_and_with_nothing_but_holidays_never_again():
    assert Hours.of({}, "UTC").is_open(datetime(2026, 11, 29, 3, tzinfo=UTC))
    assert Hours.of({}, "UTC").next_opening(datetime(2026, 11, 29, tzinfo=UTC)) is None


def test_what_is_stored_reads_the_same():
    week = hours({date(2026, 12, 25): "Christmas"}, **WEEK)
    assert Hours.of(week.plain(), "UTC") == week
    assert written(week.week[0]) == "09:00–12:30, 13:30–17:00"
    assert written(week.week[4]) == "20:00–24:00"
    assert week.week[4] == ((time(20), time(0)),)


@pytest.mark.parametrize(
    "typed", ["9", "25:00-26:00", "17:00-9:00", "9-12, 11-13", "9-24:00, 1-2", "nine to five"]
)
def test_what_makes_no_sense_is_named(typed):
    with pytest.raises(BadSpans):
        read_spans(typed)
