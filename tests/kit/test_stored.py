"""Stored English sentences with values inside, in the reader's language."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from deskbell.channels import reasons
from deskbell.kit.jinja import word
from deskbell.outbox import reasons as sending

CASES = [
    (reasons.BY_MAIL % {"number": 12}, "Jemand, der hier arbeitet, hat #12 per E-Mail beantwortet"),
    (
        reasons.NOT_CONFIRMED % {"reason": "timed out; twice"},
        "Der Server hat die E-Mail angenommen und nicht bestätigt: timed out; twice",
    ),
    (sending.NO_DRIVER % {"driver": "fax"}, "Hier kann nichts per fax senden"),
    ("550 No such user; try later", "550 No such user; try later"),
    (
        f"{reasons.BY_MAIL % {'number': 7}}; text too long, cut",
        "Jemand, der hier arbeitet, hat #7 per E-Mail beantwortet; Text zu lang, gekürzt",
    ),
    ("", ""),
]


@pytest.mark.parametrize(("kept", "german"), CASES)
def test_a_stored_sentence_is_said_in_the_readers_language(kept, german):
    with override("de"):
        assert word(kept) == german
    with override("en"):
        assert word(kept) == kept
