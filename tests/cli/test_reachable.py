"""What `deskbell up` says about reaching it from other machines."""

from __future__ import annotations

import pytest
import segno

from deskbell.cli import reachable, up

PAGE = "http://192.168.1.20:8000/field/"
#: upper and lower half of a character: light modules are drawn, for a dark terminal
HALVES = {" ": (1, 1), "▀": (0, 1), "▄": (1, 0), "█": (0, 0)}


def test_the_code_shows_the_modules_of_the_address() -> None:
    rows: list[list[int]] = []
    for line in reachable.qr_code(PAGE).splitlines():
        upper, lower = zip(*(HALVES[each] for each in line), strict=True)
        rows += [list(upper), list(lower)]
    border = 2
    expected = [list(row) for row in segno.make(PAGE, micro=False, error="l").matrix]
    side = len(expected)
    assert [row[border : border + side] for row in rows[border : border + side]] == expected


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reachable, "addresses", lambda: ["192.168.1.20", "10.0.0.2"])
    for name in ("DESKBELL_BASE_URL", "DESKBELL_ALLOWED_HOSTS"):
        monkeypatch.setitem(up.os.environ, name, "")
        monkeypatch.delitem(up.os.environ, name)


def test_a_desk_on_all_addresses_names_them_and_answers_to_them(network: None) -> None:
    up._environment("0.0.0.0", 8000, demo=False)
    assert up.os.environ["DESKBELL_BASE_URL"] == "http://192.168.1.20:8000"
    allowed = up.os.environ["DESKBELL_ALLOWED_HOSTS"].split(",")
    assert allowed[:5] == ["127.0.0.1", "localhost", "[::1]", "192.168.1.20", "10.0.0.2"]
    assert reachable.told("0.0.0.0", 8000, "http://192.168.1.20:8000", qr=False) == [
        "  on other machines: http://192.168.1.20:8000/",
        "  on other machines: http://10.0.0.2:8000/",
    ]


def test_a_desk_of_this_machine_alone_says_nothing_unless_asked(network: None) -> None:
    up._environment("127.0.0.1", 8000, demo=False)
    assert up.os.environ["DESKBELL_BASE_URL"] == "http://127.0.0.1:8000"
    assert reachable.told("127.0.0.1", 8000, "http://127.0.0.1:8000", qr=False) == []
    page = "http://127.0.0.1:8000/field/"
    lines = reachable.told("127.0.0.1", 8000, "http://127.0.0.1:8000", qr=True)
    assert lines == [f"On a phone: {page}", reachable.qr_code(page)]
