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
    #: what the page draws late
    until: str | None = None


SHOTS = (
    Shot("front", "/"),
    Shot("sign in", "/signin/"),
    Shot("play the customer", "{played}"),
    Shot("write as the customer", "/demo/customer/?as=noor.feldt@milltown-dental.example&write=1"),
    Shot("choose a phone", "/demo/phone/"),
    Shot("play the phone", "/demo/phone/?as=441632960455"),
    Shot("reset the demo", "/demo/reset/"),
    Shot("sign up", "/signup/"),
    Shot("code instead of password", "/signin/code/"),
    Shot("code by whatsapp", "/signin/whatsapp/"),
    Shot("forgotten password", "/account/password/reset/"),
    Shot("ask without an account", "/portal/ask/"),
    Shot("home", "/desk/home/", "Agent"),
    Shot("home with figures", "/desk/home/", "Owner"),
    Shot("needs reply", "/desk/", "Agent"),
    Shot("all open, by priority", "/desk/?box=open&sort=priority", "Agent"),
    Shot("filtered", "/desk/?box=open&priority=high,urgent", "Agent"),
    Shot("an empty box", "/desk/?box=spam", "Field engineer"),
    Shot("what waits for its ticket", "/desk/parked/", "Agent"),
    Shot("a ticket", "{busy}", "Agent"),
    Shot("a ticket as an auditor", "{busy}", "Auditor"),
    Shot("forwarding to a supplier", "{busy}forward/", "Agent"),
    Shot("a chat", "{chat}", "Agent"),
    Shot("a chat whose window is shut", "{shut}", "Agent"),
    Shot("a template", "{shut}template/", "Agent"),
    Shot("merging a ticket", "{busy}merge/", "Agent"),
    Shot("splitting a ticket", "{busy}move/", "Agent"),
    Shot("new ticket", "/desk/tickets/new/", "Agent"),
    Shot("search", "/desk/search/?q=vpn", "Agent"),
    Shot("several selected", "/desk/?box=open", "Agent", click="[data-select] >> nth=0"),
    Shot("saved replies", "/desk/replies/", "Agent"),
    Shot("a new saved reply", "/desk/replies/new/", "Agent"),
    Shot("my desk", "/desk/me/", "Agent"),
    Shot("a ticket that is not there", "/desk/tickets/999999/", "Agent"),
    Shot("customers", "/desk/people/", "Agent"),
    Shot("a customer", "{person}", "Agent"),
    Shot("merging a customer", "{person}merge/?q=a", "Owner"),
    Shot("what merging two customers does", "{pair}", "Owner"),
    Shot("a customer's details", "{person}details/", "Agent"),
    Shot("a customer by one's own whatsapp", "{person}whatsapp/", "Agent"),
    Shot("a customer as an auditor", "{person}", "Auditor"),
    Shot("organisations", "/desk/organizations/", "Agent"),
    Shot("an organisation", "{organization}", "Agent"),
    Shot("my tickets", "/portal/", "Customer"),
    Shot("closed tickets", "/portal/?state=ended", "Customer"),
    Shot("search my tickets", "/portal/?q=the", "Customer"),
    Shot("nothing found", "/portal/?q=xyzzy", "Customer"),
    Shot("my organisation", "/portal/?who=organization", "Customer manager"),
    Shot("chat with us", "/portal/chat/", "Customer"),
    Shot("ask", "/portal/tickets/new/", "Customer"),
    Shot("a customer's ticket", "{asked}", "Customer"),
    Shot("copying somebody in", "{asked}", "Customer", click="#copy-in summary"),
    Shot("my account", "/account/", "Agent"),
    Shot("account: notifications", "/account/notifications/", "Agent"),
    Shot("account: devices", "/account/devices/", "Agent"),
    Shot("account: tokens", "/account/tokens/", "Agent"),
    Shot("account: password", "/account/password/", "Agent"),
    Shot("account: second factor", "/account/second-factor/", "Agent"),
    Shot("account: setting up a second factor", "/account/second-factor/setup/", "Agent"),
    Shot("account: adding a passkey", "/account/passkeys/new/", "Agent"),
    Shot("account: whatsapp numbers", "/account/whatsapp/", "Field engineer"),
    Shot("account: my data", "/account/mine/", "Customer"),
    Shot("people of my organisation", "/portal/organization/", "Customer manager"),
    Shot("phone: sign in", "/field/signin/"),
    Shot("phone: code by whatsapp", "/signin/whatsapp/?phone_page=1&next=/field/"),
    Shot("phone: my tickets", "/field/", "Field engineer"),
    Shot("phone: a ticket", "{job}", "Field engineer"),
    Shot("phone: new ticket", "/field/tickets/new/", "Field engineer"),
    Shot("phone: a ticket that is not there", "/field/tickets/999999/", "Field engineer"),
    Shot("company", "/setup/company/", "Owner"),
    Shot("single sign-on", "/setup/single-sign-on/", "Owner"),
    Shot("a new identity provider", "/setup/single-sign-on/new/", "Owner"),
    Shot("directories", "/setup/directories/", "Owner"),
    Shot("a new directory", "/setup/directories/new/", "Owner"),
    Shot("first steps", "/setup/start/", "Owner"),
    Shot("setup", "/setup/", "Owner"),
    Shot("people", "/setup/people/", "Owner"),
    Shot("a person", "{jonas}", "Owner"),
    Shot("closing an account", "{jonas}deactivation/", "Owner"),
    Shot("anonymising a customer", "{customer}anonymisation/", "Owner"),
    Shot("inviting", "/setup/people/invitations/new/", "Owner"),
    Shot("inviting from a list", "/setup/people/invitations/list/", "Owner"),
    Shot("roles", "/setup/roles/", "Owner"),
    Shot("a role", "/setup/roles/4/", "Owner"),
    Shot("a new role for customers", "/setup/roles/new/?customers", "Owner"),
    Shot("removing a role", "/setup/roles/6/removal/", "Owner"),
    Shot("teams", "/setup/teams/", "Owner"),
    Shot("a team", "/setup/teams/1/", "Owner"),
    Shot("organisations in the setup", "/setup/organizations/", "Owner"),
    Shot("an organisation in the setup", "/setup/organizations/1/", "Owner"),
    Shot("a new site", "/setup/organizations/1/sites/new/", "Owner"),
    Shot("opening hours", "/setup/hours/", "Owner"),
    Shot("queues", "/setup/queues/", "Owner"),
    Shot("a queue", "/setup/queues/1/", "Owner"),
    Shot("statuses", "/setup/statuses/", "Owner"),
    Shot("a status", "/setup/statuses/1/", "Owner"),
    Shot("types", "/setup/types/", "Owner"),
    Shot("tags", "/setup/tags/", "Owner"),
    Shot("a tag", "/setup/tags/1/", "Owner"),
    Shot("system", "/setup/system/", "Owner"),
    Shot("mailboxes", "/setup/mailboxes/", "Owner"),
    Shot("a new mailbox", "/setup/mailboxes/new/", "Owner"),
    Shot("a mailbox", "/setup/mailboxes/1/", "Owner"),
    Shot("do mails arrive", "/setup/mailboxes/1/delivery/", "Owner"),
    Shot("a mail service", "/setup/mailboxes/1/push/", "Owner"),
    Shot("whatsapp numbers", "/setup/whatsapp/", "Owner"),
    Shot("a new whatsapp number", "/setup/whatsapp/new/", "Owner"),
    Shot("a whatsapp number", "/setup/whatsapp/{number}", "Owner"),
    Shot(
        "a whatsapp template to begin with",
        "/setup/whatsapp/{number}",
        "Owner",
        click="#draft-ticket_received summary",
    ),
    Shot("a new whatsapp web number", "/setup/whatsapp-web/new/", "Owner"),
    Shot("senders", "/setup/senders/", "Owner"),
    Shot("mail texts", "/setup/texts/", "Owner"),
    Shot("a mail text", "/setup/texts/reply/en/", "Owner"),
    Shot("sign-in providers", "/setup/sign-in-providers/", "Owner"),
    Shot("a new sign-in provider", "/setup/sign-in-providers/new/", "Owner"),
    Shot("received", "/setup/received/", "Owner"),
    Shot("sent", "/setup/sent/", "Owner"),
    Shot("audit trail", "/setup/audit/", "Owner"),
    Shot("API", "/api/v1/docs", "Owner", until=".opblock"),
)


#: what is searched for a ticket of the stories
SOUGHT = {"{busy}": "rekey", "{chat}": "bottling", "{shut}": "tablet"}


def path_of(visitor: Visitor, path: str) -> str:
    """`{busy}` is a ticket with a long conversation, `{chat}` one by WhatsApp, `{shut}` one too late,
    `{asked}` the newest one of the customer, `{played}` his thread about it in the demo's mail program,
    `{jonas}` the setup's page of an agent, `{customer}` that of a customer, `{number}` that of the WhatsApp
    number, `{job}` the first ticket of an engineer's day, `{person}` and `{organization}` the last of their
    lists, `{pair}` that person and another about to be merged.
    """
    if path.startswith("{jonas}"):
        visitor.go("/setup/people/?q=jonas")
        link = visitor.page.locator("a.row-link").first.get_attribute("href") or "/setup/people/"
        return link + path.removeprefix("{jonas}")
    if path.startswith("{customer}"):
        visitor.go("/setup/people/?q=noor.feldt")
        link = visitor.page.locator("a.row-link").first.get_attribute("href") or "/setup/people/"
        return link + path.removeprefix("{customer}")
    if path.endswith("{number}"):
        visitor.go("/setup/whatsapp/")
        return _first(visitor, "main a[href*='/setup/whatsapp/']:not([href$='/new/'])") or "/setup/whatsapp/"
    for name, words in SOUGHT.items():
        if path.startswith(name):
            visitor.go(f"/desk/search/?q={words}")
            ticket = (_first(visitor, "a[href*='/desk/tickets/1']") or "/desk/").partition("?")[0]
            return ticket.partition("#")[0] + path.removeprefix(name)
    if path == "{pair}":
        visitor.go(path_of(visitor, "{person}merge/?q=a"))
        return _first(visitor, "a.merge-choice") or "/desk/people/"
    if path == "{played}":
        visitor.go("/demo/customer/?as=samir.haddow@quayside.example")
        thread = visitor.page.locator(".play-thread", has_text="VPN drops").first.get_attribute("href")
        return thread or "/demo/customer/"
    if path == "{job}":
        visitor.go("/field/")
        return _first(visitor, "a[href*='/field/tickets/1']") or "/field/"
    if path == "{asked}":
        visitor.go("/portal/")
        return _first(visitor, "a[href*='/portal/tickets/1']") or "/portal/"
    for name, listed in (("{person}", "/desk/people/"), ("{organization}", "/desk/organizations/")):
        if path.startswith(name):
            visitor.go(listed)
            link = visitor.page.locator("a.row-link").last
            return (link.get_attribute("href") or listed) + path.removeprefix(name)
    return path


def _first(visitor: Visitor, selector: str) -> str | None:
    return visitor.page.locator(selector).first.get_attribute("href")
