from __future__ import annotations

import pytest

from deskbell.kit.archive import unique_names


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (["log.txt", "log.txt", "LOG.txt"], ["log.txt", "log (2).txt", "LOG (3).txt"]),
        (["a (2).txt", "a.txt", "a.txt"], ["a (2).txt", "a.txt", "a (3).txt"]),
        (["../../etc/passwd", "C:\\x\\y.txt"], ["_.._etc_passwd", "C__x_y.txt"]),
        (["con.txt", "NUL", "console.txt"], ["_con.txt", "_NUL", "console.txt"]),
        (["...", "", " a. "], ["file", "file (2)", "a"]),
        (["Größe.png", "tab\there\0"], ["Größe.png", "tab_here_"]),
    ],
)
def test_names_are_unique_and_can_be_unpacked_anywhere(given, names):
    assert unique_names(given) == names
