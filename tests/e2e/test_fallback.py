"""A linked phone is lost while its customer waits: a number at the API answers, in the same ticket."""

from __future__ import annotations

import json
import re

from playwright.sync_api import expect

from tests.support.browser import PHONE
from tests.support.desk import Desk, deskbell
from tests.support.gateway import FakeGateway, serve
from tests.support.sizes import ON_SCREEN
from tests.support.waiting import until

AGENT = "jonas@lanternfield.example"
LINK = """
import json
from deskbell.channels.actions import whatsapp_web as numbers
from deskbell.channels.whatsapp_web.account import secret_of
from deskbell.people.models import User
channel = numbers.add_linked("Front desk phone", numbers.Given(PHONE, gateway=GATEWAY, greets=False))
numbers.accept_risk(channel, by=User.objects.get(email="maren@lanternfield.example"))
print(json.dumps([str(channel.uuid), secret_of(channel)]))
"""


def link(desk: Desk, gateway: FakeGateway, phone: str) -> None:
    script = LINK.replace("PHONE", repr(phone)).replace("GATEWAY", repr(gateway.address))
    done = deskbell(desk.data, "manage", "shell", "-c", script)
    assert done.returncode == 0, done.stderr
    gateway.sid, gateway.secret = json.loads(done.stdout.strip().splitlines()[-1])
    gateway.scan(phone)
    gateway.deliver(desk.address)


@ON_SCREEN
def test_the_composer_turns_when_the_link_falls_and_a_template_brings_the_answer_here(visit, desk, size):
    phone, his = f"493091{size['width']}", f"49170555{size['width']}"
    subject = f"The lift {size['width']} stands still"
    with serve(FakeGateway()) as gateway:
        link(desk, gateway, phone)
        gateway.write(subject, pn=his)
        gateway.deliver(desk.address)
        agent, customer = visit(AGENT, size=size), visit(size=PHONE)
        page = agent.page
        row = page.locator("[data-row] a", has_text=subject)

        def is_there() -> bool:
            agent.go(f"/desk/?box=open&q=lift+{size['width']}")
            return row.count() == 1

        until(is_there, seconds=30, what="the message is a ticket")
        row.click()
        page.wait_for_url(re.compile(r"/desk/tickets/\d+/"))
        words = page.get_by_role("textbox", name="Message")
        words.fill("We are on our way.")
        way = page.locator("#writing-way")
        expect(way).to_contain_text("WhatsApp Web")

        # the link falls while he types: the page says so, and his words stay
        gateway.link("LOGGED_OUT")
        gateway.deliver(desk.address)
        expect(way).to_contain_text("The phone has unlinked WhatsApp Web", timeout=20_000)
        expect(way).to_contain_text("can send a template instead")
        expect(words).to_have_value("We are on our way.")
        expect(way.get_by_role("link", name="Open in WhatsApp")).to_be_visible()
        assert not agent.overflows()

        # what he sends to the lost phone waits; it is taken back before anything else is sent
        page.keyboard.press("Control+Enter")
        withdraw = page.get_by_role("button", name="Withdraw", exact=True)
        expect(withdraw).to_be_visible(timeout=20_000)
        withdraw.click()
        expect(words).to_have_value("We are on our way.")
        expect(page.get_by_text("Withdrawn before it left to")).to_be_visible()

        # a template by the number at the API
        way.get_by_role("link", name="Send a template").click()
        page.get_by_label("Template").select_option(label="ticket_status_changed · en_US")
        page.get_by_role("button", name="Show", exact=True).click()
        page.get_by_label("Ticket", exact=True).fill("your lift")
        page.get_by_label("State", exact=True).fill("in work")
        assert not agent.overflows()
        page.get_by_role("button", name="Send", exact=True).click()
        page.wait_for_url(re.compile(r"/desk/tickets/\d+/#message-\d+$"))
        expect(page.get_by_text(f"Delivered to +{his}")).to_be_visible(timeout=20_000)

        # the customer reads it on his phone and answers there
        customer.go(f"/demo/phone/?as={his}&name=Lift+owner")
        expect(customer.page.locator(".phone-text")).to_have_count(1, timeout=20_000)
        customer.page.get_by_role("textbox", name="Message").fill("Good, I wait upstairs.")
        customer.page.keyboard.press("Enter")

        # it stands in the same ticket, and he is answered freely there from now on
        expect(page.locator(".timeline").get_by_text("Good, I wait upstairs.")).to_be_visible(timeout=20_000)
        expect(way).not_to_contain_text("unlinked WhatsApp Web", timeout=20_000)
        page.reload()  # what he had begun stands there still; he has read the answer now
        words.fill("Two minutes.")
        page.keyboard.press("Control+Enter")
        expect(customer.page.get_by_text("Two minutes.")).to_be_visible(timeout=30_000)
        assert gateway.messages == {}

        # the phone is linked again: nothing that was withdrawn leaves by it
        gateway.scan(phone)
        gateway.deliver(desk.address)
        agent.go("/desk/")
        assert gateway.messages == {}
