"""Which pages are shown, and as whom."""

from __future__ import annotations

from dataclasses import dataclass

from tests.support.browser import Visitor


@dataclass(frozen=True)
class Shot:
    name: str
    path: str
    #: a role of the demo company; none: signed out
    role: str | None = None
    #: clicked before the picture is taken
    click: str | None = None


SHOTS = (
    Shot("front", "/"),
    Shot("sign in", "/signin/"),
    Shot("sign up", "/signup/"),
    Shot("code instead of password", "/signin/code/"),
    Shot("forgotten password", "/account/password/reset/"),
    Shot("needs reply", "/desk/", "Agent"),
    Shot("all open, by priority", "/desk/?box=open&sort=priority", "Agent"),
    Shot("filtered", "/desk/?box=open&priority=high,urgent", "Agent"),
    Shot("an empty box", "/desk/?box=spam", "Field engineer"),
    Shot("a ticket", "{busy}", "Agent"),
    Shot("a ticket as an auditor", "{busy}", "Auditor"),
    Shot("new ticket", "/desk/tickets/new/", "Agent"),
    Shot("search", "/desk/search/?q=vpn", "Agent"),
    Shot("a ticket that is not there", "/desk/tickets/999999/", "Agent"),
    Shot("my tickets", "/portal/", "Customer"),
    Shot("my organisation", "/portal/?whose=organization", "Customer manager"),
    Shot("ask", "/portal/tickets/new/", "Customer"),
    Shot("a customer's ticket", "{asked}", "Customer"),
    Shot("my account", "/account/", "Agent"),
    Shot("people", "/setup/people/", "Owner"),
    Shot("received", "/setup/received/", "Owner"),
    Shot("sent", "/setup/sent/", "Owner"),
    Shot("audit trail", "/setup/audit/", "Owner"),
    Shot("API", "/api/v1/docs", "Owner"),
)


def path_of(visitor: Visitor, path: str) -> str:
    """`{busy}` is a ticket with a long conversation, `{asked}` the newest one of the customer."""
    if path == "{busy}":
        return "/desk/tickets/1014/"
    if path == "{asked}":
        visitor.go("/portal/?state=all")
        link = visitor.page.locator("a[href*='/portal/tickets/1']").first
        return link.get_attribute("href") or "/portal/"
    return path
