"""The stories Deskbell is for, in a real browser against real processes."""

from __future__ import annotations

import re
from email.message import EmailMessage
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e.conftest import body
from tests.support.browser import DESKTOP, PHONE
from tests.support.sizes import told

ADMIN = "teodor@lanternfield.example"
AGENT = "jonas@lanternfield.example"
#: half of a desktop: two windows side by side
NARROW = {"width": 720, "height": 900}
NEW_PASSWORD = "quiet-harbour-41"


def picture(folder: Path) -> Path:
    path = folder / "screen.png"
    Image.new("RGB", (120, 80), "#4060a0").save(path)
    return path


def mail_from(sender: str, subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = "support@lanternfield.example"
    message["Subject"] = subject
    message["Message-ID"] = f"<{abs(hash((sender, subject)))}@mail.example>"
    message.set_content(text)
    return message


def sign_up(page: Page, address: str, name: str, email: str) -> None:
    page.goto(address + "/signup/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=False).first.fill(NEW_PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()


def code_in(message: EmailMessage) -> str:
    found = re.search(r"^\s*([A-Z0-9]{3,4}-[A-Z0-9]{3,4}|[A-Z0-9]{6,8})\s*$", body(message), re.MULTILINE)
    assert found, body(message)
    return found.group(1)


def confirm(page: Page, code: str) -> None:
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(lambda url: "confirm" not in url and "signup" not in url)


def write(page: Page, text: str) -> None:
    page.get_by_role("textbox", name=re.compile("^(Message|Your message)$")).fill(text)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_mail_becomes_a_ticket_is_answered_and_answered_back(visit, post, received, desk, tmp_path, size):
    who = f"lena.hart{size['width']}@brightmail.example"
    subject = f"Scanner shows E-204 since this morning ({size['width']})"
    agent = visit(AGENT, size=size)
    agent.go("/desk/")
    row = agent.page.locator("[data-row]").filter(has_text=subject)
    expect(row).to_have_count(0)
    post(mail_from(f"Lena Hart <{who}>", subject, "The scanner shows E-204.\n\nRegards\nLena"))

    # the ticket appears without a reload, is claimed, noted and answered
    expect(row).to_have_count(1, timeout=20_000)
    row.get_by_role("link").first.click()
    expect(agent.page.get_by_text("The scanner shows E-204.")).to_be_visible()
    number = int(re.search(r"/tickets/(\d+)/", agent.page.url).group(1))
    agent.page.get_by_role("button", name="Claim").click()
    expect(agent.page.locator("#prop-status option:checked")).to_have_text("In progress")
    agent.page.get_by_text("Internal note", exact=True).first.click()
    write(agent.page, "Unique-internal-zebra: the roller is worn")
    agent.page.get_by_role("button", name="Add note").click()
    expect(agent.page.get_by_text("the roller is worn")).to_be_visible()
    agent.page.get_by_text("Reply", exact=True).first.click()
    write(agent.page, "Please **switch it off** for a minute.")
    agent.page.get_by_role("button", name=re.compile("^Send and")).first.click()
    expect(agent.page.locator(".timeline strong", has_text="switch it off")).to_be_visible()
    answer = received(who, "switch it off")
    assert "zebra" not in answer.as_string()

    # the customer signs up with that address and sees nothing before the code
    customer = visit(size=size)
    sign_up(customer.page, desk.address, "Lena Hart", who)
    customer.page.goto(desk.address + f"/portal/tickets/{number}/")
    expect(customer.page.get_by_text("scanner shows")).to_have_count(0)
    customer.page.go_back()
    confirm(customer.page, code_in(received(who, "code")))
    customer.go("/portal/")
    customer.page.get_by_role("link", name=re.compile(re.escape(subject))).click()
    expect(customer.page.get_by_text("switch it off")).to_be_visible()
    expect(customer.page.get_by_text("zebra")).to_have_count(0)

    # she answers with a picture; the agent sees it without a reload
    customer.page.locator("input[type=file]").first.set_input_files(picture(tmp_path))
    expect(customer.page.get_by_text("screen.png").first).to_be_visible()
    write(customer.page, "Did that, see the picture.")
    customer.page.get_by_role("button", name="Send", exact=True).click()
    expect(customer.page.locator(".timeline img")).to_be_visible()
    expect(agent.page.get_by_text("Did that, see the picture.")).to_be_visible(timeout=20_000)
    expect(agent.page.locator(".timeline img")).to_be_visible()

    # resolved, and opened again by the customer
    agent.page.locator("#prop-status").select_option(label="Resolved")
    expect(customer.page.get_by_text("Solved").first).to_be_visible(timeout=20_000)
    customer.page.get_by_role("button", name="Reopen").click()
    expect(customer.page.get_by_text("We are on it").first).to_be_visible()
    expect(agent.page.locator("#prop-status option:checked")).to_have_text("Reopened", timeout=20_000)
    for visitor in (agent, customer):
        assert not visitor.overflows()


def test_a_supplier_is_asked_by_key_and_his_answer_comes_in_live(visit, post, received, desk):
    subject, supplier = "Label printer prints grey", "parts@labelworks.example"
    agent = visit(AGENT)
    agent.go("/desk/")
    row = agent.page.locator("[data-row]").filter(has_text=subject)
    post(mail_from("Ole Dahl <ole@brightmail.example>", subject, "All labels come out grey."))
    expect(row).to_have_count(1, timeout=20_000)
    row.get_by_role("link").first.click()
    expect(agent.page.get_by_text("All labels come out grey.")).to_be_visible()
    agent.page.keyboard.press("f")
    agent.page.get_by_label("To", exact=True).fill(supplier)
    agent.page.get_by_role("textbox", name="Your words").fill("Is there a **new head** for it?")
    expect(agent.page.locator("input[name=messages]:checked")).to_have_count(1)
    agent.page.get_by_role("button", name="Send", exact=True).click()
    expect(agent.page.get_by_text(f"Sent to {supplier}")).to_be_visible(timeout=30_000)
    sent = received(supplier, "new head")
    assert "All labels come out grey." in body(sent) and "ole@brightmail" not in sent.as_string()
    answer = mail_from(f"Parts <{supplier}>", f"Re: {sent['Subject']}", "Unique-zebra: one is in stock.")
    answer["In-Reply-To"] = sent["Message-ID"]
    post(answer)
    expect(agent.page.get_by_text("Unique-zebra: one is in stock.")).to_be_visible(timeout=20_000)
    agent.page.get_by_role("link", name="Reply to the supplier").click()
    expect(agent.page.get_by_label("To", exact=True)).to_have_value(supplier)
    expect(agent.page.locator("input:checked")).to_have_count(0)


def test_a_customer_registers_and_an_invited_agent_answers(visit, received, desk):
    who, newcomer = "piet.olm@harbourmail.example", "nora.vance@lanternfield.example"
    customer = visit()
    sign_up(customer.page, desk.address, "Piet Olm", who)
    confirm(customer.page, code_in(received(who, "code")))
    customer.go("/portal/tickets/new/")
    customer.page.get_by_label("Subject").fill("The guest network is slow")
    write(customer.page, "Since Monday, only in the canteen.")
    customer.page.get_by_role("button", name="Send", exact=True).click()
    customer.page.wait_for_url(re.compile(r"/portal/tickets/\d+/"))
    number = int(re.search(r"/tickets/(\d+)/", customer.page.url).group(1))
    write(customer.page, "It is the 5 GHz one.")
    customer.page.get_by_role("button", name="Send", exact=True).click()
    expect(customer.page.locator(".timeline").get_by_text("It is the 5 GHz one.")).to_be_visible()
    customer.go("/signout/")
    customer.page.get_by_role("button", name="Sign out").last.click()

    admin = visit(ADMIN)
    admin.go("/setup/people/")
    admin.page.get_by_role("link", name=re.compile("^Invite")).first.click()
    admin.page.get_by_label("Who").fill(f"Nora Vance <{newcomer}>")
    admin.page.get_by_label("Role").select_option(label="Agent")
    admin.page.get_by_role("button", name="Send", exact=True).click()

    link = re.search(r"https?://[^/\s]+(/account/invitation/\S+/)", body(received(newcomer, "invit"))).group(
        1
    )
    agent = visit()
    agent.go(link)
    agent.page.get_by_label("Password", exact=False).first.fill(NEW_PASSWORD)
    agent.page.get_by_role("button", name="Accept the invitation").click()
    agent.page.wait_for_url(lambda url: "invitation" not in url)
    agent.go(f"/desk/tickets/{number}/")
    agent.page.get_by_role("button", name="Claim").click()
    expect(agent.page.locator("#prop-assignee option:checked")).to_have_text("Nora Vance")
    write(agent.page, "The access point is being replaced today.")
    agent.page.get_by_role("button", name=re.compile("^Send and")).first.click()
    expect(agent.page.locator(".timeline").get_by_text("being replaced today")).to_be_visible()
    agent.page.locator("#prop-status").select_option(label="Waiting for customer")
    expect(agent.page.locator("#prop-status option:checked")).to_have_text("Waiting for customer")

    customer.page.goto(desk.address + "/signin/")
    customer.page.fill("input[name=login]", who)
    customer.page.fill("input[name=password]", NEW_PASSWORD)
    customer.page.press("input[name=password]", "Enter")
    customer.page.wait_for_url(lambda url: "/signin" not in url)
    customer.go(f"/portal/tickets/{number}/")
    expect(customer.page.get_by_text("being replaced today")).to_be_visible()
    expect(customer.page.get_by_text("Waiting for you").first).to_be_visible()


def test_a_double_click_is_one_message_and_two_windows_see_it(visit):
    first, second = visit(AGENT), visit("aylin@lanternfield.example")
    for visitor in (first, second):
        visitor.go("/desk/?box=open&sort=created")
        visitor.page.locator("[data-row] a").first.click()
        expect(visitor.page.locator("#composer")).to_be_visible()
    write(first.page, "Only-once-please")
    first.page.get_by_role("button", name=re.compile("^Send and")).first.dblclick()
    expect(first.page.locator(".timeline").get_by_text("Only-once-please")).to_have_count(1)
    expect(second.page.locator(".timeline").get_by_text("Only-once-please")).to_have_count(1, timeout=20_000)
    first.page.reload()
    expect(first.page.locator(".timeline").get_by_text("Only-once-please")).to_have_count(1)


def test_what_is_typed_survives_a_crash_of_the_page(visit):
    agent = visit(AGENT)
    agent.go("/desk/tickets/1002/")
    write(agent.page, "Half a sentence about the")
    agent.page.wait_for_timeout(1500)
    agent.go("/desk/")
    agent.go("/desk/tickets/1002/")
    expect(agent.page.get_by_role("textbox", name="Message")).to_have_value("Half a sentence about the")


@told(NARROW, PHONE)
def test_one_writes_as_the_customer_and_the_agent_in_the_other_window_answers(visit, tmp_path, size):
    subject = f"Beamer shows only blue ({size['width']})"
    agent, customer = visit(size=size), visit(size=size)
    agent.go("/signin/")
    agent.page.get_by_role("button", name=re.compile("^Agent")).click()
    agent.page.wait_for_url(re.compile("/desk/"))
    row = agent.page.locator("[data-row]").filter(has_text=subject)
    expect(row).to_have_count(0)

    customer.go("/demo/customer/")
    customer.page.get_by_role("link", name=re.compile("Noor Feldt")).click()
    customer.page.get_by_role("link", name="New", exact=True).or_(
        customer.page.get_by_role("link", name="New message")
    ).first.click()
    customer.page.get_by_label("Subject").fill(subject)
    customer.page.get_by_label("Text").fill("Everything is blue since lunch.")
    customer.page.locator("input[type=file]").set_input_files(picture(tmp_path))
    customer.page.get_by_role("button", name="Send").click()
    expect(customer.page.get_by_text(re.compile(r"Taken in: ticket #\d+")).first).to_be_visible(
        timeout=20_000
    )

    expect(row).to_have_count(1, timeout=20_000)
    row.get_by_role("link").first.click()
    expect(agent.page.locator(".timeline img")).to_be_visible()
    write(agent.page, "Is the **cable** plugged in?")
    agent.page.get_by_role("button", name=re.compile("^Send and")).first.click()

    answer = customer.page.frame_locator(".play-letter-in iframe:visible").get_by_text("cable")
    expect(answer).to_be_visible(timeout=20_000)
    customer.page.get_by_label("Reply").fill("It was the cable!")
    customer.page.get_by_role("button", name="Send").click()
    expect(agent.page.get_by_text("It was the cable!")).to_be_visible(timeout=20_000)
    for visitor in (agent, customer):
        assert not visitor.overflows()
