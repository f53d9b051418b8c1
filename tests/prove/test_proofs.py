"""Proofs of `bin/prove` in their short form, with real processes."""

from __future__ import annotations

import pytest

from prove import Failed, load
from prove.__main__ import PROOFS

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("processes")]


@pytest.mark.parametrize("name", ["mails", "imap", "uploads"])
def test_a_proof_holds_in_its_short_form(name):
    proof, short = PROOFS[name]
    proof(**short)


class _Answers:
    """Stands for a desk that lost or doubled something, to see that the check of the proofs can fail."""

    def __init__(self, tickets: list[dict], messages: list[dict]) -> None:
        self.lists = {"/tickets": tickets, "/messages": messages}

    def every(self, path: str, **query: object) -> list[dict]:
        return self.lists[path]


def _checked(tickets: list[tuple[str, int]]) -> None:
    writers = load.Writers(None, count=0)
    writers.tickets, writers.sent = {"proof 0-1": 7}, {"proof 0-1", "proof 0-2"}
    load.check(
        _Answers(
            [{"subject": subject, "number": number} for subject, number in tickets],
            [{"text": f"Body of {subject}"} for subject, _ in tickets],
        ),
        writers,
    )


@pytest.mark.parametrize(
    ("tickets", "words"),
    [
        ([], "acknowledged tickets are lost"),
        ([("proof 0-1", 7), ("proof 0-1", 8)], "there twice"),
        ([("proof 0-1", 8)], "another number"),
        ([("proof 0-1", 7), ("proof 9-9", 9)], "never sent"),
    ],
)
def test_the_check_notices_what_was_lost_doubled_or_made_up(tickets, words):
    with pytest.raises(Failed, match=words):
        _checked(tickets)


def test_a_write_that_arrived_but_was_not_acknowledged_is_no_failure():
    _checked([("proof 0-1", 7), ("proof 0-2", 8)])
