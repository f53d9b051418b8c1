"""Where the buttons of mails lead."""

from __future__ import annotations

import re

from deskbell.events.models import Event, EventDetail
from deskbell.tickets import actions
from deskbell.tickets.content import Content
from deskbell.tickets.models import TicketPass
from tests.notifications.conftest import text
from tests.stories import customer, staff, ticket


def test_a_mail_to_a_customer_without_a_password_leads_to_his_ticket_alone(post, client):
    shown = ticket(customer(name="Lena"))
    post()
    agent = staff()
    actions.reply(shown, Content.markdown("Is it plugged in?"), by=agent)
    mails = {mail["X-Deskbell-Type"]: mail for mail in post() if str(shown.requester.email) in mail["To"]}
    link = re.search(r"https://desk\.example(/portal/link/open/\S+)", text(mails["ticket.reply"]))
    assert link
    page = client.get(link[1], follow=True)
    assert page.redirect_chain == [(f"/portal/link/{TicketPass.objects.get(ticket=shown).pk}/", 302)]
    assert "Is it plugged in?" in page.content.decode()
    assert client.get(f"/portal/tickets/{shown.number}/").status_code == 302
    assert client.get("/portal/").url == "/signin/?next=/portal/"
    token = link[1].split("/")[-2]
    assert not EventDetail.objects.filter(values__icontains=token).exists()
    assert not [event for event in Event.objects.all() if token in str(event.data)]
