"""What stands where the name or the address of an anonymised person stood."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

_STAND_IN = re.compile(r"#(\d+)(?:-\d+)?")


def stand_in(person_id: int, row_id: int | None = None) -> str:
    """Instead of an address in a column; with the row's own number where it has to be unique."""
    return f"#{person_id}" if row_id is None else f"#{person_id}-{row_id}"


def name_of(person_id: int) -> str:
    return _("Anonymised person #%(number)s") % {"number": person_id}


def shown(stored: str) -> str:
    """`stored`, or the name of the person whose stand-in it is."""
    found = _STAND_IN.fullmatch(stored)
    return name_of(int(found[1])) if found else stored
