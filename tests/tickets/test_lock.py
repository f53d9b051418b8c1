"""A lock holds until a transaction ends, so there must be one."""

from __future__ import annotations

import pytest

from deskbell.tickets.actions.lock import lock
from deskbell.tickets.models import Ticket


@pytest.mark.django_db(transaction=True)
def test_nothing_is_locked_outside_a_transaction():
    for _ in range(2):  # the second time the statement is compiled already
        with pytest.raises(RuntimeError, match="outside a transaction"):
            lock(Ticket(pk=1, number=1001))
