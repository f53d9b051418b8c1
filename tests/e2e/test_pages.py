"""A page of each kind of every face is sound; `bin/prove pages` looks at all of them."""

from __future__ import annotations

import pytest

from prove.pages import SIZE, faults_of
from shots.pages import SHOTS

#: by their names in shots/pages.py
LOOKED_AT = {
    "sign in",
    "ask without an account",
    "needs reply",
    "a ticket",
    "my tickets",
    "a customer's ticket",
    "phone: a ticket",
    "company",
}


@pytest.mark.parametrize("scheme", list(SIZE))
def test_pages_are_sound_at_both_sizes(browser, desk, scheme):
    shots = [shot for shot in SHOTS if shot.name in LOOKED_AT]
    assert len(shots) == len(LOOKED_AT)
    assert list(faults_of(browser, desk.address, shots, scheme)) == []
