"""Makes what the requests need in a seeded database and prints it as JSON: `python -m bench.prepare`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass

#: stands in one message of one ticket
RARE = "quernstone"
COMMON = "printer"
MESSAGES = 20
SECRET = "bench"  # noqa: S105  of a number that is none


@dataclass(frozen=True)
class Given:
    """`session` is a cookie of somebody who sees all tickets, `busy` the number of the ticket with MESSAGES
    messages, `active` numbers of tickets to reply to, `customer` and `queue` ids for a new one, `token` for
    the API.
    """

    session: str
    token: str
    busy: int
    active: list[int]
    customer: int
    queue: int
    #: path of a WhatsApp number's webhook, and the secret it is signed with
    webhook: str
    secret: str


def main() -> None:
    import django  # only this process needs it; who reads what it prints does not

    django.setup()
    json.dump(asdict(_made()), sys.stdout)


def _made() -> Given:
    # the application is set up when this runs
    from django.conf import settings
    from django.test import Client

    from deskbell.demo.seed.crowd import DOMAIN
    from deskbell.events.actor import SYSTEM
    from deskbell.people.actions import change_company, create_token
    from deskbell.people.models import User
    from deskbell.tickets.models import Queue, Ticket

    user = User.objects.get(email=f"owner0@{DOMAIN}")
    customer = User.objects.get(email=f"customer5@c005.{DOMAIN}")
    # a reply is measured whole, not only how it is kept for ten seconds
    change_company(by=SYSTEM, undo_seconds=0)
    client = Client()
    client.force_login(user)
    busy = _busy(user, customer)
    active = Ticket.objects.filter(active=True, category="open").exclude(pk=busy.pk).order_by("pk")
    return Given(
        session=client.cookies[settings.SESSION_COOKIE_NAME].value,
        token=create_token(user, name="bench"),
        busy=busy.number,
        active=list(active.values_list("number", flat=True)[:300]),
        customer=customer.pk,
        queue=Queue.objects.order_by("position")[0].pk,
        webhook=f"/channels/whatsapp/{_number().uuid}/",
        secret=SECRET,
    )


def _number():
    """One that answers nobody: its webhooks are what is measured."""
    from deskbell.channels.actions.whatsapp import Given as Number
    from deskbell.channels.actions.whatsapp import add_whatsapp

    given = Number("1", "2", "token", SECRET, base_url="https://127.0.0.1:1", greets=False)
    return add_whatsapp("WhatsApp", given)


def _busy(user, customer):
    from deskbell.tickets import actions
    from deskbell.tickets.content import Content

    def words(number: int) -> Content:
        more = f"The label says {RARE}." if number == 7 else "It is the one beside the window."
        return Content.markdown(
            f"Message {number} about the **docking station**.\n\n{more}\n\n- it was dark\n- it blinks\n"
        )

    ticket = actions.open_ticket(
        requester=customer, subject="Docking station is dark", content=words(1), by=customer, source="web"
    )
    actions.claim(ticket, by=user)
    for number in range(2, MESSAGES + 1):
        if number % 5 == 0:
            actions.note(ticket, words(number), by=user)
        elif number % 2:
            actions.customer_reply(ticket, words(number), by=customer)
        else:
            actions.reply(ticket, words(number), by=user)
    return ticket


if __name__ == "__main__":
    main()
