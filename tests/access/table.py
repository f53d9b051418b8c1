"""Who may open and who may change what: one row for every page and every call of the API.

A page that is missing here fails the test. A row says what a GET gives to each role at each ticket, and who
changes something by a POST; everybody else's POST must leave no trace in the events.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from deskbell.people.models import Grant
from tests.access.world import ALL_SEEING, CUSTOMERS, STAFF, Case, World

#: role and ticket → what comes back (visit.outcome)
Rule = Callable[[World, str, Case], str]
#: role and ticket → whether a POST changes something
May = Callable[[World, str, Case], bool]
Values = Callable[[World, Case], dict[str, Any]]

ADMINS = frozenset({"admin", "owner"})
OFFICE = ADMINS | {"supervisor"}
AUDIT = OFFICE | {"auditor"}
AGENTS = OFFICE | {"agent", "one-team agent"}
WORKERS = AGENTS | {"engineer"}
WRITERS = WORKERS | CUSTOMERS


@dataclass(frozen=True)
class Row:
    """`values` fills the address, `body` is posted. `each` visits it once per ticket."""

    get: Rule | None = None
    may: May | None = None
    values: Values = lambda world, case: {}
    body: Values = lambda world, case: {}
    each: bool = False


# --- what comes back ----------------------------------------------------------------------------


def anyone(world: World, role: str, case: Case) -> str:
    return "open"


def without_a_worker(world: World, role: str, case: Case) -> str:
    """503: nothing works off the queues while these tests run."""
    return "not ready"


def nobody(world: World, role: str, case: Case) -> str:
    return "hidden"


def only_signed_out(world: World, role: str, case: Case) -> str:
    return "open" if role == "signed out" else "sent home"


def bounced(world: World, role: str, case: Case) -> str:
    """A step of a sign-in that was not begun."""
    return "sign in" if role == "signed out" else "sent home"


def always_sign_in(world: World, role: str, case: Case) -> str:
    return "sign in"


def signed_in(world: World, role: str, case: Case) -> str:
    return "sign in" if role == "signed out" else "open"


def signing_out(world: World, role: str, case: Case) -> str:
    return "sent home" if role == "signed out" else "open"


def asked_again(world: World, role: str, case: Case) -> str:
    """People without a password cannot confirm it."""
    return "sign in" if role == "signed out" else "refused"


def desk(world: World, role: str, case: Case) -> str:
    if role == "signed out":
        return "sign in"
    return "open" if role in STAFF else "sent home"


def desk_ticket(world: World, role: str, case: Case) -> str:
    known = desk(world, role, case)
    return known if known != "open" or world.sees(role, case) else "hidden"


def desk_ticket_for(roles: frozenset[str]) -> Rule:
    def rule(world: World, role: str, case: Case) -> str:
        known = desk_ticket(world, role, case)
        return known if known != "open" or role in roles else "refused"

    return rule


def desk_for(roles: frozenset[str]) -> Rule:
    def rule(world: World, role: str, case: Case) -> str:
        known = desk(world, role, case)
        return known if known != "open" or role in roles else "refused"

    return rule


def desk_people(world: World, role: str, case: Case) -> str:
    """People may be looked up by all staff but engineers."""
    known = desk(world, role, case)
    return "hidden" if role == "engineer" else known


def portal_ticket(world: World, role: str, case: Case) -> str:
    if role == "signed out":
        return "sign in"
    return "open" if world.sees(role, case) else "hidden"


def internal(world: World, role: str, case: Case) -> str:
    if role == "signed out":
        return "sign in"
    return "open" if world.sees_notes(role, case) else "hidden"


def setup(roles: frozenset[str]) -> Rule:
    def rule(world: World, role: str, case: Case) -> str:
        if role == "signed out":
            return "sign in"
        return "open" if role in roles else "refused"

    return rule


# --- who changes something ----------------------------------------------------------------------


def by(roles: frozenset[str]) -> May:
    """Those of `roles` who see the ticket."""
    return lambda world, role, case: role in roles and world.sees(role, case)


def anywhere(roles: frozenset[str]) -> May:
    return lambda world, role, case: role in roles


def requester(world: World, role: str, case: Case) -> bool:
    """The customer who asked, and his manager."""
    return role in CUSTOMERS and world.sees(role, case)


def author(world: World, role: str, case: Case) -> bool:
    """All notes of the world were written by the owner."""
    return role == "owner"


# --- what is filled in --------------------------------------------------------------------------


def ticket(world: World, case: Case) -> dict[str, Any]:
    return {"number": case.ticket.number}


def note(world: World, case: Case) -> dict[str, Any]:
    return {"pk": case.messages["internal"].pk}


def note_file(world: World, case: Case) -> dict[str, Any]:
    return {"pk": case.files["internal"].pk}


def lena(world: World, case: Case) -> dict[str, Any]:
    return {"pk": world.user("customer").pk}


def lenas_grant(world: World, case: Case) -> dict[str, Any]:
    return {**lena(world, case), "grant_pk": Grant.objects.get(user=world.user("customer")).pk}


def priority(world: World, case: Case) -> dict[str, Any]:
    return {**ticket(world, case), "name": "priority"}


def token(world: World, case: Case) -> dict[str, Any]:
    return {"token": "made-up"}


def const(**values: Any) -> Values:
    return lambda world, case: values


ON: dict[str, Any] = {"values": ticket, "each": True}
NOTE: dict[str, Any] = {"values": note, "each": True}
NOTE_FILE: dict[str, Any] = {"values": note_file, "each": True}

PAGES: dict[str, Row] = {
    "home": Row(anyone),
    "readyz": Row(without_a_worker, may=anywhere(frozenset())),
    "api-docs": Row(anyone),
    "api-nothing": Row(nobody, may=anywhere(frozenset())),
    "live:token": Row(signed_in),
    # account
    "account_login": Row(only_signed_out, may=anywhere(frozenset())),
    "account_request_login_code": Row(only_signed_out, may=anywhere(frozenset())),
    "account_confirm_login_code": Row(bounced, may=anywhere(frozenset())),
    "account_email_verification_sent": Row(signed_in, may=anywhere(frozenset())),
    "account_logout": Row(signing_out, may=anywhere(frozenset())),
    "account_signup": Row(only_signed_out, may=anywhere(frozenset())),
    "account_signup_confirm": Row(anyone, may=anywhere(frozenset())),
    "account_signup_code": Row(may=anywhere(frozenset())),
    "account_profile": Row(
        signed_in,
        may=lambda world, role, case: role != "signed out",
        body=const(name="Another name", language="en", time_zone="Europe/Berlin"),
    ),
    "account_invitation": Row(nobody, may=anywhere(frozenset()), values=token),
    "account_inactive": Row(anyone),
    "account_reauthenticate": Row(asked_again, may=anywhere(frozenset())),
    "account_change_password": Row(signed_in, may=anywhere(frozenset())),
    "account_set_password": Row(signed_in, may=anywhere(frozenset())),
    "account_reset_password": Row(anyone, may=anywhere(frozenset())),
    "account_confirm_password_reset_code": Row(always_sign_in, may=anywhere(frozenset())),
    "account_complete_password_reset": Row(anyone, may=anywhere(frozenset())),
    "account_password_reset_completed": Row(anyone),
    "account_email": Row(anyone, may=anywhere(frozenset())),
    # portal
    "portal:tickets": Row(signed_in),
    "portal:new": Row(
        signed_in,
        may=lambda world, role, case: role != "signed out",
        body=lambda world, case: {"subject": "s", "text": "t", "queue": case.ticket.queue_id},
    ),
    "portal:ticket": Row(portal_ticket, **ON),
    "portal:replies": Row(may=requester, body=const(text="More words"), **ON),
    "portal:closure": Row(may=requester, **ON),
    "portal:reopening": Row(may=anywhere(frozenset()), **ON),
    "portal:uploads": Row(may=anywhere(frozenset())),
    "portal:attachment": Row(internal, **NOTE_FILE),
    "portal:message-html": Row(internal, **NOTE),
    "portal:inline": Row(nobody, values=token),
    # desk
    "desk:list": Row(desk),
    "desk:boxes": Row(desk),
    "desk:search": Row(desk),
    "desk:new": Row(
        desk_for(WORKERS),
        may=anywhere(WORKERS),
        body=lambda world, case: {
            "name": "Somebody",
            "email": "caller@new.example",
            "subject": "s",
            "text": "t",
            "visibility": "public",
            "source": "phone",
            "queue": case.ticket.queue_id,
            "priority": 2,
        },
    ),
    "desk:new-draft": Row(may=anywhere(frozenset()), body=const(text="begun")),
    "desk:people": Row(desk),
    "desk:customer": Row(desk_people, values=lena),
    "desk:uploads": Row(may=anywhere(frozenset())),
    "desk:upload": Row(may=None, values=note_file),
    "desk:attachment": Row(desk_ticket, **NOTE_FILE),
    "desk:message-html": Row(desk_ticket, **NOTE),
    "desk:inline": Row(nobody, values=token),
    "desk:ticket": Row(desk_ticket, **ON),
    "desk:newest": Row(desk_ticket, **ON),
    "desk:older": Row(desk_ticket, **ON),
    "desk:around": Row(desk_ticket, **ON),
    "desk:audit": Row(desk_ticket, **ON),
    "desk:messages": Row(
        may=by(WORKERS), body=const(text="Words", visibility="public", copy="new@copied.example"), **ON
    ),
    "desk:note": Row(
        desk_ticket_for(frozenset({"owner"})), may=author, body=const(text="Other words"), **NOTE
    ),
    "desk:draft": Row(may=anywhere(frozenset()), body=const(kind="reply", text="begun"), **ON),
    "desk:property": Row(may=by(WORKERS), values=priority, body=const(value=4), each=True),
    "desk:claim": Row(may=by(WORKERS), **ON),
    "desk:tags": Row(may=by(WORKERS), body=const(name="new"), **ON),
    "desk:following": Row(may=by(STAFF - {"owner"}), **ON),
    "desk:copies": Row(may=by(WORKERS), body=const(email="new@copied.example"), **ON),
    "desk:uncopy": Row(
        may=anywhere(frozenset()), values=lambda world, case: {**ticket(world, case), **lena(world, case)}
    ),
    "desk:spam": Row(may=by(AGENTS), **ON),
    "desk:trash": Row(may=by(AGENTS), **ON),
    "desk:deletion": Row(desk_ticket_for(ADMINS), may=anywhere(frozenset()), **ON),
    "desk:redaction": Row(desk_ticket_for(OFFICE), may=by(OFFICE), body=const(reason=""), **NOTE),
    "desk:file-redaction": Row(desk_ticket_for(OFFICE), may=by(OFFICE), body=const(reason=""), **NOTE_FILE),
    # setup
    "setup:start": Row(setup(AUDIT)),
    "setup:people": Row(setup(ADMINS)),
    "setup:invitations": Row(setup(ADMINS)),
    "setup:invite": Row(
        setup(ADMINS), may=anywhere(ADMINS), body=const(email="fresh@desk.example", name="F", role="agent")
    ),
    "setup:invitation_removal": Row(
        may=anywhere(ADMINS), values=lambda world, case: {"pk": world.invitation.pk}
    ),
    "setup:person": Row(setup(ADMINS), values=lena),
    "setup:grants": Row(may=anywhere(ADMINS), values=lena, body=const(role="agent")),
    "setup:grant_removal": Row(may=anywhere(ADMINS), values=lenas_grant),
    "setup:deactivation": Row(may=anywhere(ADMINS), values=lena),
    "setup:reactivation": Row(may=anywhere(frozenset()), values=lena),
    "setup:received": Row(setup(ADMINS)),
    "setup:received_item": Row(setup(ADMINS), values=lambda world, case: {"pk": world.item.pk}),
    "setup:received_source": Row(setup(ADMINS), values=lambda world, case: {"pk": world.item.pk}),
    "setup:replay": Row(may=anywhere(frozenset()), values=lambda world, case: {"pk": world.item.pk}),
    "setup:sent": Row(setup(ADMINS)),
    "setup:audit": Row(setup(AUDIT)),
}


# --- the API ------------------------------------------------------------------------------------


def api_in(world: World, role: str, case: Case) -> str:
    return "sign in" if role == "signed out" else "open"


def api_person(world: World, role: str, case: Case) -> str:
    """The customer himself, and those who may look people up."""
    if role == "signed out":
        return "sign in"
    return "open" if role in ALL_SEEING | {"one-team agent", "customer"} else "hidden"


def api_company(world: World, role: str, case: Case) -> str:
    if role == "signed out":
        return "sign in"
    return "open" if role != "engineer" else "hidden"


def path(**names: Callable[[World, Case], int]) -> Values:
    return lambda world, case: {name: find(world, case) for name, find in names.items()}


NUMBER: dict[str, Any] = {"values": path(number=lambda world, case: case.ticket.number), "each": True}
WORDS: dict[str, Any] = {"body": "More words", "visibility": "public"}

CALLS: dict[str, Row] = {
    "GET /me": Row(api_in),
    "GET /queues": Row(api_in),
    "GET /statuses": Row(api_in),
    "GET /types": Row(api_in),
    "GET /teams": Row(api_in),
    "GET /tickets": Row(api_in),
    "POST /tickets": Row(
        may=anywhere(WORKERS),
        body=const(subject="s", body="b", requester={"email": "caller@new.example"}),
    ),
    "GET /tickets/{number}": Row(portal_ticket, **NUMBER),
    "PATCH /tickets/{number}": Row(may=by(WORKERS), body=const(priority="urgent"), **NUMBER),
    "GET /tickets/{number}/events": Row(portal_ticket, **NUMBER),
    "GET /tickets/{number}/messages": Row(portal_ticket, **NUMBER),
    "POST /tickets/{number}/messages": Row(may=by(WRITERS), body=const(**WORDS), **NUMBER),
    "GET /messages": Row(api_in),
    "POST /uploads": Row(may=anywhere(frozenset())),
    "GET /attachments/{id}": Row(
        internal, values=path(id=lambda world, case: case.files["internal"].pk), each=True
    ),
    "GET /attachments/{id}/content": Row(
        internal, values=path(id=lambda world, case: case.files["internal"].pk), each=True
    ),
    "GET /people": Row(api_in),
    "POST /people": Row(may=anywhere(AGENTS), body=const(name="N", email="fresh@mail.example")),
    "GET /people/{id}": Row(api_person, values=path(id=lambda world, case: world.user("customer").pk)),
    "GET /organizations": Row(api_in),
    "POST /organizations": Row(may=anywhere(AGENTS), body=const(name="New company")),
    "GET /organizations/{id}": Row(
        api_company,
        values=path(id=lambda world, case: world.user("customer").organization_id or 0),
    ),
}
