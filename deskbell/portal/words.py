"""What a customer reads where staff read their own labels."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from deskbell.tickets.models import Category

#: category → its name for customers
STATUS: dict[str, str | Promise] = {
    Category.NEW: _("Received"),
    Category.OPEN: _("We are on it"),
    Category.SCHEDULED: _("Visit planned"),
    Category.PENDING: _("Waiting for you"),
    Category.ON_HOLD: _("On hold"),
    Category.RESOLVED: _("Solved"),
    Category.CLOSED: _("Closed"),
}

#: category → what it means for him and what he can do
MEANING: dict[str, str | Promise] = {
    Category.NEW: _("We have your ticket. Somebody will look at it soon."),
    Category.OPEN: _("Somebody is working on it. You can add to it at any time."),
    Category.SCHEDULED: _("An engineer comes to you. You can add to it at any time."),
    Category.PENDING: _("We need an answer from you to go on."),
    Category.ON_HOLD: _("We wait for somebody else, and go on by ourselves."),
    Category.RESOLVED: _("We think this is done. If it is not, write to us or reopen it."),
    Category.CLOSED: _("This ticket is closed. If you need more help, write to us here."),
}

#: queue's slug → the sentence under its name; queues made later have none
QUEUES: dict[str, str | Promise] = {
    "support": _("Something does not work, or you do not know how."),
    "hardware": _("Computers, printers, phones: broken, new, or to be replaced."),
    "network": _("Internet, Wi-Fi, VPN, a server you cannot reach."),
    "billing": _("Invoices, contracts, orders."),
}
