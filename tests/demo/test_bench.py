"""What `bin/bench` counts."""

from __future__ import annotations

import pytest

from bench import buffers
from bench.buffers import Measured, compare
from deskbell.demo import seed
from deskbell.tickets.listing import BOXES

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def _one(buffers: int, rows: int) -> list[Measured]:
    return [Measured("owner", "open", 2, buffers, rows, "")]


def test_a_list_is_within_its_bound_up_to_half_as_much_again():
    assert compare(_one(100, 50), _one(150, 50))[0].within
    assert not compare(_one(100, 50), _one(151, 50))[0].within


def test_a_list_that_shows_more_rows_may_touch_more():
    assert compare(_one(100, 24), _one(290, 49))[0].within
    assert not compare(_one(100, 49), _one(290, 49))[0].within


def test_every_box_of_every_kind_of_person_is_measured():
    seed.run(60, messages=2, seed=3)
    found = buffers.measured()
    for person in ("owner", "one-team agent", "assigned-only engineer"):
        mine = {each.list: each for each in found if each.person == person}
        assert set(BOXES) <= set(mine)
        assert mine["counts of all boxes"].statements == 1
        assert mine["counts of all boxes"].buffers > 0
    portal = {each.list: each for each in found if each.person == "portal customer"}
    assert set(portal) == {"open", "ended"}
    owner = {each.list: each for each in found if each.person == "owner"}
    assert owner["open"].rows > 0
    assert "buffers" in owner["open"].worst
