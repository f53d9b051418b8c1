"""Which WhatsApp Web gateways `deskbell up` runs: those of numbers that are on and have no other gateway."""

from __future__ import annotations

import pytest
from django.db import connection

from deskbell.channels.actions import whatsapp_web as numbers
from deskbell.channels.models import Channel
from deskbell.cli.refusal import Refusal
from deskbell.cli.whatsapp_web import _chosen, switched_on
from tests.stories import staff


def wanted() -> list[str]:
    connection.ensure_connection()
    return [row[1] for row in switched_on(connection.connection)]


def test_only_numbers_that_are_on_and_without_another_gateway_need_a_process(db):
    assert wanted() == []
    off = numbers.add_linked("Off", numbers.Given("+4930900001"))
    on = numbers.add_linked("On", numbers.Given("+4930900002"))
    other = numbers.add_linked("Other", numbers.Given("+4930900003", gateway="https://gateway.example"))
    for each in (on, other):
        numbers.accept_risk(each, by=staff("owner"))
    assert wanted() == ["On"]
    numbers.switch_linked(on, on=False, by=staff("owner"))
    assert wanted() == []
    assert off.device.port != on.device.port


def test_the_command_says_what_it_lacks(db):
    connection.ensure_connection()
    with pytest.raises(Refusal, match="No WhatsApp Web number is switched on"):
        _chosen(switched_on(connection.connection), None)
    for number in range(2):
        each = numbers.add_linked(f"Phone {number}", numbers.Given(f"+493090000{number}"))
        numbers.accept_risk(each, by=staff("owner"))
    rows = switched_on(connection.connection)
    with pytest.raises(Refusal, match="say which one by --channel"):
        _chosen(rows, None)
    uuid = str(Channel.objects.get(name="Phone 1").uuid)
    assert _chosen(rows, uuid)[1] == "Phone 1"
