"""A phone is linked as WhatsApp Web, receives and is answered by, loses its link, and gets it again."""

from __future__ import annotations

import json
import re

from playwright.sync_api import expect

from tests.support.desk import deskbell
from tests.support.gateway import FakeGateway, serve
from tests.support.sizes import ON_SCREEN
from tests.support.waiting import until

OWNER, AGENT = "maren@lanternfield.example", "jonas@lanternfield.example"
SECRET = """
import json
from deskbell.channels.models import Channel
from deskbell.channels.whatsapp_web.account import secret_of
channel = Channel.objects.get(kind="whatsapp-web", address=phone)
print(json.dumps([str(channel.uuid), secret_of(channel)]))
"""


def has_left(gateway: FakeGateway, words: str) -> bool:
    return any(each["text"].startswith(words) for each in list(gateway.messages.values()))


@ON_SCREEN
def test_a_phone_is_linked_answers_loses_its_link_and_is_linked_again(visit, desk, size):
    phone, subject = f"493090{size['width']}", f"The plotter {size['width']} smells burnt"
    with serve(FakeGateway()) as gateway:
        owner = visit(OWNER, size=size)
        page = owner.page
        owner.go("/setup/whatsapp/")
        page.get_by_role("link", name="Link a phone").click()
        page.get_by_label("Name", exact=True).fill(f"Spare phone {size['width']}")
        page.get_by_label("Phone number").fill(f"+{phone}")
        page.get_by_text("Another gateway", exact=True).click()
        page.get_by_label("Address of another gateway").fill(gateway.address)
        page.get_by_role("button", name="Save").click()

        # off until the risk is accepted
        expect(page.get_by_role("heading", name="Before you switch it on")).to_be_visible()
        assert not owner.overflows()
        page.get_by_label("I understand that WhatsApp can block the number").check()
        done = deskbell(desk.data, "manage", "shell", "-c", f"phone = {phone!r}\n{SECRET}")
        gateway.sid, gateway.secret = json.loads(done.stdout.strip().splitlines()[-1])
        page.get_by_role("button", name="Accept and switch on").click()

        # linked by the code that is on the screen
        page.get_by_role("button", name="Link by QR code").click()
        expect(page.get_by_alt_text("QR code that links the phone")).to_be_visible()
        assert not owner.overflows()
        gateway.scan(phone)
        gateway.deliver(desk.address)
        expect(page.get_by_text("Linked: what customers write comes in, and answers leave.")).to_be_visible()

        # a customer writes and is answered
        gateway.write(subject, pn=phone.replace("4930", "9198"))
        gateway.deliver(desk.address)
        agent = visit(AGENT, size=size)
        row = agent.page.locator("[data-row] a", has_text=subject)

        def is_there() -> bool:
            agent.go(f"/desk/?box=open&q=plotter+{size['width']}")
            return row.count() == 1

        until(is_there, seconds=30, what="the message is a ticket")
        row.click()
        agent.page.wait_for_url(re.compile(r"/desk/tickets/\d+/"))
        words = agent.page.get_by_role("textbox", name="Message")
        words.fill("Please pull the plug. We come at two.")
        agent.page.keyboard.press("Control+Enter")
        until(
            lambda: has_left(gateway, "Please pull the plug. We come at two."), seconds=60, what="the answer"
        )
        gateway.receipt("read", "OUT1", "OUT2")  # the greeting and the answer
        gateway.deliver(desk.address)

        # the link is lost: the agent sees it, and what he writes waits
        gateway.link("LOGGED_OUT")
        gateway.deliver(desk.address)
        trouble = agent.page.get_by_text("The phone has unlinked WhatsApp Web")

        def is_told() -> bool:
            agent.page.reload()
            return trouble.first.is_visible()

        until(is_told, seconds=30, what="the agent is told")
        assert not agent.overflows()
        words.fill("We are at the door.")
        agent.page.keyboard.press("Control+Enter")
        expect(agent.page.get_by_text("We are at the door.").first).to_be_visible()
        owner.go("/setup/whatsapp/")
        expect(page.get_by_text("The phone has unlinked WhatsApp Web").first).to_be_visible()
        page.get_by_role("link", name=f"Spare phone {size['width']}").click()
        assert not has_left(gateway, "We are at the door.")

        # linked again, it leaves
        page.get_by_role("button", name="Link by QR code").click()
        expect(page.get_by_alt_text("QR code that links the phone")).to_be_visible()
        gateway.scan(phone)
        gateway.deliver(desk.address)
        expect(page.get_by_text("Linked: what customers write comes in, and answers leave.")).to_be_visible()
        until(lambda: has_left(gateway, "We are at the door."), seconds=120, what="what waited leaves")
