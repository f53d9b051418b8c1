"""An agent's daily tools: several tickets at once, saved replies by keyboard, drafts that nothing loses."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Route, expect

from tests.support.browser import Visitor
from tests.support.desk import Desk, deskbell
from tests.support.sizes import ON_SCREEN
from tests.support.waiting import until

AGENT = "jonas@lanternfield.example"
MANY = """
from tests import stories
person = stories.customer(name="Many Tickets")
for number in range(count):
    stories.ticket(person, subject=f"{word} {number}")
"""


def open_many(desk: Desk, word: str, count: int = 25) -> None:
    done = deskbell(desk.data, "manage", "shell", "-c", f"word, count = {word!r}, {count}\n{MANY}")
    assert done.returncode == 0, done.stderr


def open_row(visitor: Visitor, number: int = 0) -> None:
    """Open a ticket of the list; the keys are bound when its page is loaded."""
    visitor.page.locator("[data-row] a").nth(number).click()
    visitor.page.wait_for_url(re.compile(r"/desk/tickets/\d+/"))


def text_of(page: Page):  # type: ignore[no-untyped-def]
    return page.get_by_role("textbox", name="Message")


@ON_SCREEN
def test_twenty_five_tickets_are_changed_at_once_and_put_back(visit, desk, size):
    word = f"Toner{size['width']}"
    open_many(desk, word)
    agent = visit(AGENT, size=size)
    agent.go(f"/desk/?box=open&q={word}")
    page = agent.page
    rows = page.locator("[data-row]")
    expect(rows).to_have_count(25)
    page.locator("[data-select]").first.click()
    page.locator("[data-select]").last.click(modifiers=["Shift"])
    expect(page.get_by_text("25 selected")).to_be_visible()
    page.get_by_role("button", name="Priority").click()
    page.get_by_role("menuitem", name="Urgent").click()
    expect(page.get_by_text("25 changed.")).to_be_visible(timeout=60_000)
    expect(page.locator(".row-priority", has_text="Urgent")).to_have_count(25, timeout=20_000)
    assert not agent.overflows()

    # somebody changes one of them meanwhile: that one is left alone
    number = rows.nth(3).get_attribute("data-row")
    other = visit("aylin@lanternfield.example")
    other.go(f"/desk/tickets/{number}/")
    other.page.locator("#prop-priority").select_option(label="Low")
    expect(other.page.locator(".happening", has_text="to Low")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("24 are as they were before.")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("1 left alone: somebody has changed it since.")).to_be_visible()
    expect(page.locator(".row-priority", has_text="Normal")).to_have_count(24, timeout=20_000)


def test_what_happens_while_the_list_is_fetched_is_not_missed(visit, desk):
    open_many(desk, "Parallel", 2)
    agent, other = visit(AGENT), visit("aylin@lanternfield.example")
    agent.go("/desk/?box=open&q=Parallel")
    page = agent.page
    expect(page.locator("[data-row]")).to_have_count(2)
    numbers = [row.get_attribute("data-row") for row in page.locator("[data-row]").all()]
    held = []

    def hold(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append((route, route.fetch()))

    def make_urgent(number: str | None) -> None:
        other.go(f"/desk/tickets/{number}/")
        other.page.locator("#prop-priority").select_option(label="Urgent")
        expect(other.page.locator(".happening", has_text="to Urgent")).to_be_visible()

    page.route(re.compile("q=Parallel"), hold)
    make_urgent(numbers[0])
    until(lambda: page.wait_for_timeout(50) or held, seconds=15, what="the list is fetched anew")
    make_urgent(numbers[1])
    page.wait_for_timeout(1500)  # so that its notice is here before the answer
    route, answer = held[0]
    route.fulfill(response=answer)
    expect(page.locator(".row-priority", has_text="Urgent")).to_have_count(2, timeout=20_000)


def test_the_list_is_walked_selected_and_assigned_by_keyboard(visit, desk):
    open_many(desk, "Ledger")
    agent = visit(AGENT)
    agent.go("/desk/?box=open&q=Ledger")
    page = agent.page
    expect(page.locator("[data-row]")).to_have_count(25)
    for key in ("j", "x", "j", "x"):
        page.keyboard.press(key)
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.keyboard.press("?")
    expect(
        page.get_by_role("dialog", name="Keyboard shortcuts").get_by_text("Select the row")
    ).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.keyboard.press("a")
    page.get_by_role("menuitem", name="Me", exact=True).press("Enter")
    expect(page.get_by_text("2 changed.")).to_be_visible(timeout=30_000)
    expect(page.locator(".row-assignee", has_text="Jonas")).to_have_count(2, timeout=20_000)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/desk/tickets/\d+/"))
    page.keyboard.press("n")
    page.keyboard.type("jx?c")
    expect(text_of(page)).to_have_value("jx?c")


def test_a_saved_reply_is_written_found_and_inserted_by_keyboard(visit, desk):
    open_many(desk, "Router", 1)
    agent = visit(AGENT)
    page = agent.page
    agent.go("/desk/replies/new/")
    page.get_by_label("Name").fill("Power cycle")
    page.get_by_label("Text").fill("Hello {{customer.first_name}}, please restart it.")
    page.get_by_label("Status after sending").select_option(label="Resolved")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Power cycle")).to_be_visible()

    agent.go("/desk/?box=open&q=Router")
    name = page.locator("[data-row] .row-from .truncate").first.inner_text().split(" ")[0]
    open_row(agent)
    page.keyboard.press("r")
    page.keyboard.type("One line.\n/power")
    expect(page.get_by_role("option", name=re.compile("Power cycle"))).to_be_visible()
    page.keyboard.press("Enter")
    expect(text_of(page)).to_have_value(f"One line.\nHello {name}, please restart it.")
    expect(page.locator(".button-split [data-send]")).to_have_text("Send and set: Resolved")

    # a path is a path
    page.keyboard.type("\n/etc/zebra")
    expect(text_of(page)).to_have_value(re.compile(r"restart it\.\n/etc/zebra$"))
    page.keyboard.press("Control+Enter")
    expect(page.locator(".timeline").get_by_text("please restart it.")).to_be_visible()
    expect(page.locator("#prop-status option:checked")).to_have_text("Resolved")


def test_the_other_status_beside_send_is_set(visit, desk):
    open_many(desk, "Scanner", 1)
    agent = visit(AGENT)
    agent.go("/desk/?box=open&q=Scanner")
    page = agent.page
    open_row(agent)
    text_of(page).fill("Over to you.")
    page.get_by_role("button", name="Send and set another status").click()
    page.get_by_role("menuitem", name="Send and set: Resolved").click()
    expect(page.locator("#prop-status option:checked")).to_have_text("Resolved")


def test_a_draft_outlives_the_page_and_the_sign_out_and_no_window_overwrites_another(visit, desk):
    open_many(desk, "Modem", 1)
    first = visit(AGENT)
    first.go("/desk/?box=open&q=Modem")
    open_row(first)
    path = re.search(r"/desk/tickets/\d+/", first.page.url).group()
    with first.page.expect_response(re.compile("/draft/$")):
        text_of(first.page).fill("Half a sentence")
    text_of(first.page).press_sequentially(" and more")  # signed out before the pause is over
    first.page.get_by_role("button", name=re.compile("Jonas")).click()
    first.page.get_by_role("menuitem", name="Sign out").click()
    first.page.wait_for_url(lambda url: "/desk/" not in url)

    second, third = visit(AGENT), visit(AGENT)
    for each in (second, third):
        each.go(path)
        expect(text_of(each.page)).to_have_value("Half a sentence and more")
    with second.page.expect_response(re.compile("/draft/$")):
        text_of(second.page).fill("In the second window")
    with third.page.expect_response(re.compile("/draft/$")):
        text_of(third.page).fill("In the third window")
    expect(third.page.get_by_text("You wrote something else here in another window.")).to_be_visible()
    expect(third.page.locator("[data-draft-theirs]")).to_have_text("In the second window")
    third.complaints[:] = [what for what in third.complaints if "409" not in what]
    third.page.get_by_role("button", name="Take that text").click()
    expect(text_of(third.page)).to_have_value("In the second window")

    # the page crashes a moment after the last key: nothing of it is gone
    third.page.wait_for_timeout(2500)
    text_of(third.page).press_sequentially(", unsaved")
    third.page.wait_for_timeout(500)
    crashed = third.page
    third.page = crashed.context.new_page()
    crashed.context.route("**/draft/", lambda route: route.abort())
    crashed.close()
    crashed.context.unroute("**/draft/")
    third.go(path)
    expect(text_of(third.page)).to_have_value("In the second window, unsaved")
    third.page.get_by_role("button", name=re.compile("^Send and")).first.click()
    expect(third.page.locator(".timeline").get_by_text("In the second window, unsaved")).to_be_visible()
    third.page.reload()
    expect(text_of(third.page)).to_have_value("")


def test_the_title_counts_and_a_sound_is_heard_when_wanted(visit, desk):
    agent = visit(AGENT)
    agent.go("/desk/me/")
    agent.page.get_by_label("Play a short sound when a customer writes").check()
    agent.go("/desk/")
    expect(agent.page).to_have_title(re.compile(r"^\(\d+\) Needs reply · "))
    before = int(re.match(r"\((\d+)\)", agent.page.title()).group(1))
    agent.page.locator("h1").click()
    agent.page.evaluate(
        "document.addEventListener('deskbell:sounded', () => (window.sounded = (window.sounded ?? 0) + 1))"
    )
    open_many(desk, "Bell")
    expect(agent.page).to_have_title(re.compile(rf"^\({before + 25}\) "), timeout=30_000)
    agent.page.wait_for_function("window.sounded >= 1")
