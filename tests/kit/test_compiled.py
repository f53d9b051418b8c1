"""Queries whose SQL is made once."""

from __future__ import annotations

from typing import Any

import pytest

from deskbell.kit.compiled import Compiled
from deskbell.tickets.models import Message
from tests.stories import ticket

pytestmark = pytest.mark.django_db

of_ticket = Compiled(
    lambda ticket, before: (
        Message.objects.filter(ticket=ticket.expression, pk__lt=before.expression, direction="in")
        .select_related("author", "ticket__organization")
        .order_by("pk")
    ),
    2,
)


def test_each_call_has_its_own_values_and_reads_what_the_queryset_reads(
    django_assert_num_queries: Any,
) -> None:
    for one in (ticket(), ticket()):
        with django_assert_num_queries(1):
            (found,) = of_ticket(one.pk, 2**40)
            assert found.author and found.author.display_name == one.requester.display_name
            assert found.ticket and found.ticket.organization == one.organization
        plain = Message.objects.get(ticket=one)
        fields = [field.attname for field in Message._meta.concrete_fields]
        assert [getattr(found, name) for name in fields] == [getattr(plain, name) for name in fields]
        assert of_ticket(one.pk, found.pk) == []


def test_lists_come_in_by_any() -> None:
    rows = Compiled(lambda ids: Message.objects.extra(where=["id = any(%s)"], params=[ids]).order_by("pk"), 1)
    first, second = (Message.objects.get(ticket=ticket()) for _ in range(2))
    assert rows([second.pk, first.pk]) == [first, second]
    assert rows([]) == []
