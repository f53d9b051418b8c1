"""Who may open and who may change what: one row for every page and every call of the API.

A page that is missing here fails the test. A row says what a GET gives to each role at each ticket, and who
changes something by a POST; everybody else's POST must leave no trace in the events.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from deskbell.channels.actions.whatsapp import Given, add_whatsapp
from deskbell.channels.actions.whatsapp_web import Given as Linked
from deskbell.channels.actions.whatsapp_web import add_linked
from deskbell.channels.models import (
    Channel,
    FetchedMail,
    IncomingServer,
    MailboxSignIn,
    MessageTemplate,
    ParkedMessage,
    SenderRule,
    SignInProvider,
    TicketQuestion,
)
from deskbell.kit.secrets import seal
from deskbell.notifications.models import MailText
from deskbell.outbox.models import OutboxItem
from deskbell.people.models import (
    ApiToken,
    Device,
    Directory,
    DirectoryLink,
    Grant,
    Identity,
    IdentityProvider,
)
from deskbell.tickets.actions.conversations import park
from deskbell.tickets.content import Content
from deskbell.tickets.models import Conversation, Message, Ticket
from tests.access.world import ALL_SEEING, CUSTOMERS, STAFF, Case, World

#: role and ticket → what comes back (visit.outcome)
Rule = Callable[[World, str, Case], str]
#: role and ticket → whether a POST changes something
May = Callable[[World, str, Case], bool]
Values = Callable[[World, Case], dict[str, Any]]

OWNERS = frozenset({"owner"})
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


def field_sign_in(world: World, role: str, case: Case) -> str:
    """Whoever is signed in goes on to the phone page, which has its own say."""
    return "open"


def bounced(world: World, role: str, case: Case) -> str:
    """A step of a sign-in that was not begun."""
    return "sign in" if role == "signed out" else "sent home"


def always_sign_in(world: World, role: str, case: Case) -> str:
    return "sign in"


def signed_in(world: World, role: str, case: Case) -> str:
    return "sign in" if role == "signed out" else "open"


def face(world: World, role: str, case: Case) -> str:
    """Nobody has a photo."""
    return "sign in" if role == "signed out" else "hidden"


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


def desk_owner(world: World, role: str, case: Case) -> str:
    """What belongs to one person of the desk, here the owner."""
    known = desk(world, role, case)
    return "hidden" if known == "open" and role != "owner" else known


def desk_people_editors(world: World, role: str, case: Case) -> str:
    """Customers are changed by all who look them up but auditors."""
    known = desk_people(world, role, case)
    return "refused" if role == "auditor" else known


def portal_ticket(world: World, role: str, case: Case) -> str:
    if role == "signed out":
        return "sign in"
    return "open" if world.sees(role, case) else "hidden"


def internal(world: World, role: str, case: Case) -> str:
    if role == "signed out":
        return "sign in"
    return "open" if world.sees_notes(role, case) else "hidden"


def managers(world: World, role: str, case: Case) -> str:
    """People of an organisation are shown to its managers."""
    if role == "signed out":
        return "sign in"
    return "open" if role == "customer_manager" else "refused"


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


def either(one: May, other: May) -> May:
    return lambda world, role, case: one(world, role, case) or other(world, role, case)


def anywhere(roles: frozenset[str]) -> May:
    return lambda world, role, case: role in roles


def requester(world: World, role: str, case: Case) -> bool:
    """The customer who asked, and his manager."""
    return role in CUSTOMERS and world.sees(role, case)


def managing(world: World, role: str, case: Case) -> bool:
    return role == "customer_manager"


def author(world: World, role: str, case: Case) -> bool:
    """All notes and held replies of the world were written by the owner."""
    return role == "owner"


# --- what is filled in --------------------------------------------------------------------------


def ticket(world: World, case: Case) -> dict[str, Any]:
    return {"number": case.ticket.number}


def ticket_pass(world: World, case: Case) -> dict[str, Any]:
    return {"pk": case.opened.pk}


def held(world: World, case: Case) -> dict[str, Any]:
    """A reply of the owner's that has not left."""
    return {**ticket(world, case), "pk": case.held.pk}


def chat(world: World, case: Case) -> dict[str, Any]:
    """The ticket is answered in a chat of a number that has one template without variables."""
    number = Channel.objects.get(pk=whatsapp(world, case)["pk"])
    MessageTemplate.objects.get_or_create(
        channel=number,
        name="Support",
        language="en",
        defaults={"status": "APPROVED", "components": [{"type": "BODY", "text": "Please write to us."}]},
    )
    person = case.ticket.requester
    talk = Conversation.objects.get_or_create(
        channel_id=number.pk, address=str(person.pk), defaults={"person": person}
    )[0]
    now = timezone.now()
    Conversation.objects.filter(pk=talk.pk).update(last_in_at=now, open_until=now + timedelta(hours=24))
    Ticket.objects.filter(pk=case.ticket.pk).update(conversation=talk)
    return ticket(world, case)


def parked(world: World, case: Case) -> dict[str, Any]:
    """Its customer was asked whether he means it."""
    where, asked = chat(world, case), Ticket.objects.get(pk=case.ticket.pk)
    question = TicketQuestion.objects.update_or_create(
        conversation=asked.conversation, settled_at=None, defaults={"offered": [asked.pk]}
    )[0]
    if not question.parked.exists():
        content = Content(text="And?", markup="plain")
        message = park(content, author=asked.requester, channel="whatsapp")
        ParkedMessage.objects.create(question=question, message=message)
    return {**where, "pk": question.pk}


def stuck(world: World, case: Case) -> dict[str, Any]:
    """A reply of the owner's that waits for a phone that is linked no more."""
    message = case.messages["public"]
    items = OutboxItem.objects.filter(cause_kind="message", cause_id=message.pk, driver="whatsapp-web")
    why = {"error_code": "down", "error_text": "WhatsApp Web is not linked"}
    values = {"state": "queued", "payload": seal({"text": "words"}), **why}
    if not items.update(**values):
        more = {"kind": "ticket.reply", "cause_kind": "message", "cause_id": message.pk, "recipient": "1@lid"}
        OutboxItem.objects.create(driver="whatsapp-web", ticket_id=case.ticket.pk, **more, **values)
    return {"pk": message.pk}


def said(world: World, case: Case) -> dict[str, Any]:
    """What its customer said in a chat."""
    chat(world, case)
    Message.objects.filter(pk=case.messages["public"].pk).update(direction="in", external_id="wamid.said")
    return {"pk": case.messages["public"].pk}


def note(world: World, case: Case) -> dict[str, Any]:
    return {"pk": case.messages["internal"].pk}


def note_file(world: World, case: Case) -> dict[str, Any]:
    return {"pk": case.files["internal"].pk}


def lena(world: World, case: Case) -> dict[str, Any]:
    return {"pk": world.user("customer").pk}


def bulk(world: World, case: Case) -> dict[str, Any]:
    return {"pk": world.bulk.pk}


def reply(world: World, case: Case) -> dict[str, Any]:
    return {"pk": world.reply.pk}


def ticket_and_reply(world: World, case: Case) -> dict[str, Any]:
    return {**ticket(world, case), **reply(world, case)}


def lenas_address(world: World, case: Case) -> dict[str, Any]:
    return {**lena(world, case), "identity_pk": world.user("customer").identities.get().pk}


def lenas_company(world: World, case: Case) -> dict[str, Any]:
    return {"pk": world.user("customer").organization_id}


def lenas_grant(world: World, case: Case) -> dict[str, Any]:
    return {**lena(world, case), "grant_pk": Grant.objects.get(user=world.user("customer")).pk}


def lenas_device(world: World, case: Case) -> dict[str, Any]:
    values = lena(world, case)
    device = Device.objects.filter(user=values["pk"]).first()
    return {**values, "device_pk": device.pk if device else 0}


def lenas_number(world: World, case: Case) -> dict[str, Any]:
    """A WhatsApp number that she showed to be hers."""
    values = lena(world, case)
    number, _made = Identity.objects.update_or_create(
        user_id=values["pk"], kind="wa_id", key="447700900731", defaults={"given": "+447700900731"}
    )
    Identity.objects.filter(pk=number.pk).update(proven_at=timezone.now(), proven_how="sign")
    return {**values, "number_pk": number.pk}


def lenas_token(world: World, case: Case) -> dict[str, Any]:
    values = lena(world, case)
    return {**values, "token_pk": ApiToken.objects.filter(user=values["pk"]).earliest("pk").pk}


def priority(world: World, case: Case) -> dict[str, Any]:
    return {**ticket(world, case), "name": "priority"}


def token(world: World, case: Case) -> dict[str, Any]:
    return {"token": "made-up"}


def mailbox(world: World, case: Case) -> dict[str, Any]:
    return {"pk": world.item.channel_id}


def whatsapp(world: World, case: Case) -> dict[str, Any]:
    """A number at a server that nobody may ask."""
    numbers = Channel.objects.filter(kind="whatsapp-cloud", address="880000000000001")
    given = Given("880000000000001", "990000000000001", "t", "s", "v", base_url="https://127.0.0.1:1")
    return {"pk": (numbers.first() or add_whatsapp("WhatsApp", given)).pk}


def codes_offered(world: World, case: Case) -> dict[str, Any]:
    """The number has an approved template with a code."""
    number = Channel.objects.get(pk=whatsapp(world, case)["pk"])
    button = {"type": "URL", "text": "Copy code", "url": "https://www.whatsapp.com/otp/code/?code=otp{{1}}"}
    MessageTemplate.objects.get_or_create(
        channel=number,
        name="sign_in_code",
        language="en_US",
        defaults={
            "status": "APPROVED",
            "category": "AUTHENTICATION",
            "components": [{"type": "BODY", "text": "{{1}}"}, {"type": "BUTTONS", "buttons": [button]}],
        },
    )
    return {}


def linked(world: World, case: Case) -> dict[str, Any]:
    """A linked device whose risk nobody has accepted, at a gateway that is not there."""
    numbers = Channel.objects.filter(kind="whatsapp-web", address="4930900000")
    made = numbers.first() or add_linked("WhatsApp", Linked("+4930900000", gateway="http://127.0.0.1:1"))
    return {"pk": made.pk}


def new_linked(world: World, case: Case) -> dict[str, Any]:
    phone = f"+49301000{Channel.objects.count()}"
    limits = {"reply_days": "30", "people_per_hour": "30", "messages_per_day": "200"}
    return {"name": "Spare", "phone": phone, **limits}


def new_number(world: World, case: Case) -> dict[str, Any]:
    number_id = str(Channel.objects.count() + 1)
    return {"name": "Chat", "number_id": number_id, "waba_id": "1", "token": "t", "app_secret": "s"}


def provider(world: World, case: Case) -> dict[str, Any]:
    """Of sign-ins, made with a name that the form changes."""
    row, _made = SignInProvider.objects.update_or_create(
        client_id="desk", kind="google", defaults={"name": "Google"}
    )
    return {"pk": row.pk}


#: of a form of single sign-on, with no role in its table
PROVIDER = {
    "issuer": "https://127.0.0.1:1",
    "client_id": "desk",
    "scopes": "openid",
    "for_staff": "on",
    "roles-TOTAL_FORMS": "0",
    "roles-INITIAL_FORMS": "0",
}


def identity_provider(world: World, case: Case) -> dict[str, Any]:
    """One that does not answer, made with a name that the form changes."""
    row, _made = IdentityProvider.objects.update_or_create(
        client_id="desk", defaults={"name": "Google", "issuer": "https://127.0.0.1:1"}
    )
    return {"pk": row.pk}


DIRECTORY = {
    "urls": "ldap://127.0.0.1:1",
    "base": "dc=example",
    "user_filter": "(uid={login})",
    "id_attribute": "entryUUID",
    "name_attribute": "cn",
    "mail_attribute": "mail",
    "patience": "5",
    "for_staff": "on",
    "roles-TOTAL_FORMS": "0",
    "roles-INITIAL_FORMS": "0",
}


def directory(world: World, case: Case) -> dict[str, Any]:
    """One that is switched off, made with a name that the form changes."""
    defaults = {"name": "1", "urls": "ldap://127.0.0.1:1", "user_filter": "(uid={login})"}
    row, _made = Directory.objects.update_or_create(base="dc=example", defaults=defaults)
    return {"pk": row.pk}


def lenas_directory(world: World, case: Case) -> dict[str, Any]:
    values = lena(world, case)
    link, _made = DirectoryLink.objects.get_or_create(
        user_id=values["pk"], directory_id=directory(world, case)["pk"], defaults={"subject": "4711"}
    )
    return {**values, "link_pk": link.pk}


def spare_provider(world: World, case: Case) -> dict[str, Any]:
    return {"pk": SignInProvider.objects.create(name=f"P{SignInProvider.objects.count()}", kind="google").pk}


def signing_in(world: World, case: Case) -> dict[str, Any]:
    MailboxSignIn.objects.get_or_create(
        channel=world.item.channel, defaults={"provider_id": provider(world, case)["pk"]}
    )
    return mailbox(world, case)


def unreadable(world: World, case: Case) -> dict[str, Any]:
    """A mail that the server of the mailbox could not hand out."""
    server, _made = IncomingServer.objects.get_or_create(
        channel=world.item.channel, defaults={"host": "127.0.0.1", "port": 1}
    )
    mail = FetchedMail.objects.create(
        server=server, folder="INBOX", uid=str(FetchedMail.objects.count()), outcome="unreadable"
    )
    return {"pk": world.item.channel_id, "mail_pk": mail.pk}


def listed_sender(world: World, case: Case) -> dict[str, Any]:
    row = SenderRule.objects.create(sender=f"n{SenderRule.objects.count()}@outside.example", kind="block")
    return {"pk": row.pk}


def mail_text(world: World, case: Case) -> dict[str, Any]:
    return {"key": "received", "language": "en"}


def own_mail_text(world: World, case: Case) -> dict[str, Any]:
    MailText.objects.get_or_create(mail="received", language="en", defaults={"subject": "x", "text": "y"})
    return mail_text(world, case)


def undelivered(world: World, case: Case) -> dict[str, Any]:
    """A mail that failed and may be sent again."""
    return {"pk": case.undelivered.pk}


def shaped(name: str) -> Values:
    return lambda world, case: {"pk": world.shaped()[name].pk}


def const(**values: Any) -> Values:
    return lambda world, case: values


ON: dict[str, Any] = {"values": ticket, "each": True}
NOTE: dict[str, Any] = {"values": note, "each": True}
NOTE_FILE: dict[str, Any] = {"values": note_file, "each": True}

PAGES: dict[str, Row] = {
    "home": Row(anyone),
    "readyz": Row(without_a_worker, may=anywhere(frozenset())),
    "mail_push": Row(
        may=anywhere(frozenset()), values=lambda world, case: {"channel": world.item.channel.uuid}
    ),
    "whatsapp_webhook": Row(
        nobody,
        may=anywhere(frozenset()),
        values=lambda world, case: {"channel": world.item.channel.uuid},  # a mailbox is no number
    ),
    "whatsapp_web_events": Row(
        may=anywhere(frozenset()), values=lambda world, case: {"channel": world.item.channel.uuid}
    ),
    "api-docs": Row(anyone),
    "api-nothing": Row(nobody, may=anywhere(frozenset())),
    "live:token": Row(signed_in),
    # account
    "account_login": Row(only_signed_out, may=anywhere(frozenset())),
    "account_request_login_code": Row(only_signed_out, may=anywhere(frozenset())),
    "account_request_whatsapp_code": Row(only_signed_out, may=anywhere(frozenset()), values=codes_offered),
    "account_confirm_login_code": Row(bounced, may=anywhere(frozenset())),
    "account_email_verification_sent": Row(signed_in, may=anywhere(frozenset())),
    "account_logout": Row(signing_out, may=lambda world, role, case: role != "signed out"),
    "account_signup": Row(only_signed_out, may=anywhere(frozenset())),
    "account_signup_confirm": Row(anyone, may=anywhere(frozenset())),
    "account_signup_code": Row(may=anywhere(frozenset())),
    "account_profile": Row(
        signed_in,
        may=lambda world, role, case: role != "signed out",
        body=const(name="Another name", language="en", time_zone="Europe/Berlin"),
    ),
    "account_notifications": Row(signed_in, may=lambda world, role, case: role != "signed out"),
    "account_tokens": Row(
        signed_in,
        may=lambda world, role, case: role != "signed out",
        body=const(name="Report", lasts="30", read_only="on"),
    ),
    # one's own alone: tests/account/test_tokens.py
    "account_token_removal": Row(may=anywhere(frozenset()), values=const(pk=0)),
    # refused without a picture; with one: tests/account/test_profile.py
    "account_photo": Row(may=anywhere(frozenset())),
    "account_face": Row(face, values=lena),
    # changes nothing before a code is right: tests/account/test_numbers.py
    "account_numbers": Row(signed_in, may=anywhere(frozenset()), values=codes_offered),
    "account_number_confirm": Row(signed_in, may=anywhere(frozenset()), values=codes_offered),
    # one's own alone
    "account_number_removal": Row(may=anywhere(frozenset()), values=const(pk=0)),
    "account_mine": Row(signed_in, may=lambda world, role, case: role != "signed out"),
    "account_devices": Row(signed_in),
    # one's own alone: tests/account/test_devices.py
    "account_device_removal": Row(may=anywhere(frozenset()), values=const(pk=0)),
    "account_other_devices_removal": Row(may=anywhere(frozenset())),
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
    "account_first": Row(nobody, may=anywhere(frozenset()), values=token),
    "account_recovery": Row(nobody, may=anywhere(frozenset()), values=token),
    "mfa_authenticate": Row(bounced, may=anywhere(frozenset())),
    "mfa_reauthenticate": Row(asked_again, may=anywhere(frozenset())),
    # none of them is switched on here: tests/account/test_single_sign_on.py
    "account_provider": Row(nobody, may=anywhere(frozenset()), values=const(pk=0)),
    "account_provider_back": Row(nobody, may=anywhere(frozenset()), values=const(pk=0)),
    "account_provider_left": Row(nobody, may=anywhere(frozenset()), values=const(pk=0)),
    "account_provider_removal": Row(may=anywhere(frozenset()), values=const(pk=0)),
    # nobody looks as somebody else: tests/account/test_viewing.py
    "account_viewing_end": Row(may=anywhere(frozenset())),
    "account_passkey_sign_in": Row(only_signed_out, may=anywhere(frozenset())),
    "account_passkey_step": Row(may=anywhere(frozenset())),
    "account_passkey_new": Row(signed_in, may=anywhere(frozenset())),
    # one's own alone: tests/account/test_passkeys.py
    "account_passkey": Row(signed_in, may=anywhere(frozenset()), values=const(pk=0)),
    "account_passkey_removal": Row(signed_in, may=anywhere(frozenset()), values=const(pk=0)),
    "mfa_reauthenticate_webauthn": Row(asked_again, may=anywhere(frozenset())),
    "mfa_index": Row(signed_in, may=anywhere(frozenset())),
    "mfa_activate_totp": Row(signed_in, may=anywhere(frozenset())),
    "mfa_deactivate_totp": Row(signed_in, may=anywhere(frozenset())),
    "mfa_view_recovery_codes": Row(signed_in, may=anywhere(frozenset())),
    "mfa_download_recovery_codes": Row(signed_in, may=anywhere(frozenset())),
    "mfa_generate_recovery_codes": Row(may=anywhere(frozenset())),
    # of this company nothing is stored; tests/account/test_branding.py shows that everybody may read the rest
    "company_colours": Row(nobody),
    "company_logo": Row(nobody),
    "company_icon": Row(nobody),
    # portal
    "portal:tickets": Row(signed_in),
    "portal:new": Row(
        signed_in,
        may=lambda world, role, case: role not in {"signed out", "reader"},
        body=lambda world, case: {"subject": "s", "text": "t", "queue": case.ticket.queue_id},
    ),
    "portal:chat": Row(signed_in, may=anywhere(frozenset())),  # no number has told how it is dialled
    "portal:ask": Row(anyone, anywhere(frozenset())),
    "portal:ask_files": Row(may=anywhere(frozenset())),
    "portal:asked": Row(nobody, values=token),
    "portal:copies": Row(may=either(requester, by(WORKERS)), body=const(email="new@mail.example"), **ON),
    "portal:uncopy": Row(
        may=anywhere(frozenset()),
        values=lambda world, case: {"number": case.ticket.number, "pk": 1},
        each=True,
    ),
    "portal:organization": Row(managers),
    "portal:level": Row(
        may=managing,
        values=lambda world, case: {"pk": world.user("customer").pk},
        body=const(level="read_only"),
    ),
    "portal:membership": Row(
        may=managing, values=lambda world, case: {"pk": world.asked.pk}, body=const(do="approve")
    ),
    "portal:colleagues": Row(may=managing, body=const(email="more@acme.example", level="customer")),
    "portal:withdrawal": Row(may=managing, values=lambda world, case: {"pk": world.colleague.pk}),
    # a link opens nothing in a browser that was not led there by its signed address (test_links.py)
    "portal:link:enter": Row(nobody, values=token),
    "portal:link:ticket": Row(nobody, values=ticket_pass, each=True),
    "portal:link:replies": Row(
        may=anywhere(frozenset()), values=ticket_pass, body=const(text="Words"), each=False
    ),
    "portal:link:ending": Row(may=anywhere(frozenset()), values=ticket_pass),
    "portal:link:attachment": Row(nobody, **NOTE_FILE),
    "portal:link:message-html": Row(nobody, **NOTE),
    "portal:archive": Row(portal_ticket, **ON),
    "desk:archive": Row(desk_ticket, **ON),
    "desk:links-ending": Row(may=by(WORKERS), **ON),
    "portal:ticket": Row(portal_ticket, **ON),
    "portal:replies": Row(may=requester, body=const(text="More words"), **ON),
    "portal:closure": Row(may=requester, **ON),
    "portal:reopening": Row(may=anywhere(frozenset()), **ON),
    "portal:uploads": Row(may=anywhere(frozenset())),
    "portal:attachment": Row(internal, **NOTE_FILE),
    "portal:message-html": Row(internal, **NOTE),
    "portal:inline": Row(nobody, values=token),
    # desk
    "desk:home": Row(desk),
    "desk:list": Row(desk),
    "desk:boxes": Row(desk),
    "desk:search": Row(desk),
    "desk:parked-list": Row(desk),
    "desk:me": Row(desk, may=anywhere(STAFF), body=const(signature="Regards")),
    "desk:replies": Row(desk),
    "desk:reply-new": Row(
        desk, may=anywhere(STAFF), body=const(name="Mine", text="Words", scope="personal", then="")
    ),
    "desk:reply": Row(
        desk_for(ADMINS),
        may=anywhere(ADMINS),
        values=reply,
        body=const(name="Greeting", text="Other words", scope="everyone", then=""),
    ),
    "desk:reply-removal": Row(may=anywhere(ADMINS), values=reply),
    "desk:replies-offered": Row(desk_ticket, **ON),
    "desk:reply-use": Row(may=anywhere(frozenset()), values=ticket_and_reply, each=True),
    "desk:bulk-begin": Row(
        may=by(WORKERS),
        body=lambda world, case: {"tickets": [case.ticket.number], "change": "priority:4"},
        each=True,
    ),
    "desk:bulk": Row(desk_owner, values=bulk),
    "desk:bulk-undo": Row(may=anywhere(frozenset({"owner"})), values=bulk),
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
    "desk:known-people": Row(desk),
    "desk:customer": Row(desk_people, values=lena),
    "desk:people": Row(desk_for(STAFF - {"engineer"})),
    "desk:person": Row(desk_people, values=lena),
    "desk:person-details": Row(
        desk_people_editors, may=anywhere(AGENTS), values=lena, body=const(name="Another name")
    ),
    "desk:person-merge": Row(
        desk_for(OFFICE),
        may=anywhere(OFFICE),
        values=lena,
        body=lambda world, case: {
            "other": world.user("reader").pk,
            "remains": world.user("customer").pk,
            "sure": "on",
        },
    ),
    "desk:person-unmerge": Row(may=anywhere(frozenset()), values=lena),
    "desk:person-notes": Row(may=anywhere(AGENTS), values=lena, body=const(notes="Calls before noon")),
    "desk:person-addresses": Row(may=anywhere(AGENTS), values=lena, body=const(given="fresh@mail.example")),
    "desk:person-address-removal": Row(may=anywhere(AGENTS), values=lenas_address),
    "desk:organizations": Row(desk_for(STAFF - {"engineer"})),
    "desk:organization": Row(desk_people, values=lenas_company),
    "desk:uploads": Row(may=anywhere(frozenset())),
    "desk:upload": Row(may=None, values=note_file),
    "desk:attachment": Row(desk_ticket, **NOTE_FILE),
    "desk:message-html": Row(desk_ticket, **NOTE),
    "desk:inline": Row(nobody, values=token),
    "desk:ticket": Row(desk_ticket, **ON),
    "desk:newest": Row(desk_ticket, **ON),
    "desk:older": Row(desk_ticket, **ON),
    "desk:around": Row(desk_ticket, **ON),
    "desk:presence": Row(desk_ticket, may=anywhere(frozenset()), body=const(state="writing"), **ON),
    "desk:audit": Row(desk_ticket, **ON),
    "desk:messages": Row(
        may=by(WORKERS), body=const(text="Words", visibility="public", copy="new@copied.example"), **ON
    ),
    "desk:forward": Row(
        desk_ticket_for(AGENTS),
        may=by(AGENTS),
        body=const(to="parts@supplier.example", subject="Parts", text="Have you got one?"),
        **ON,
    ),
    # with itself, which is refused; tests/desk/test_merging.py does it
    "desk:merge": Row(
        desk_ticket_for(WORKERS),
        may=anywhere(frozenset()),
        body=lambda world, case: {"into": case.ticket.number},
        **ON,
    ),
    "desk:unmerge": Row(may=anywhere(frozenset()), **ON),
    "desk:move": Row(
        desk_ticket_for(WORKERS),
        may=by(WORKERS),
        body=lambda world, case: {"messages": [case.messages["internal"].pk], "subject": "Another matter"},
        **ON,
    ),
    "desk:forward-addresses": Row(desk_ticket_for(AGENTS), **ON),
    "desk:template": Row(desk_ticket_for(WORKERS), may=by(WORKERS), values=chat, each=True),
    "desk:parked": Row(
        may=by(WORKERS),
        values=parked,
        body=lambda world, case: {"ticket": case.ticket.number},
        each=True,
    ),
    "desk:withdrawal": Row(may=by(WORKERS), values=stuck, body=const(by="draft"), each=True),
    "desk:reaction": Row(may=by(WORKERS), values=said, body=const(sign="👍"), each=True),
    "desk:outside": Row(
        desk_ticket_for(WORKERS),
        may=by(WORKERS),
        body=lambda world, case: {"text": "Hello", "ticket": case.ticket.number},
        **ON,
    ),
    "desk:person-outside": Row(desk_people, may=anywhere(frozenset()), values=lena),
    "desk:held-undo": Row(may=author, values=held, each=True),
    "desk:note": Row(
        desk_ticket_for(frozenset({"owner"})), may=author, body=const(text="Other words"), **NOTE
    ),
    "desk:draft": Row(may=anywhere(frozenset()), body=const(kind="reply", text="begun"), **ON),
    "desk:property": Row(may=by(WORKERS), values=priority, body=const(value=4), each=True),
    "desk:claim": Row(may=by(WORKERS), **ON),
    "desk:tags": Row(may=by(WORKERS), body=const(name="new"), **ON),
    "desk:following": Row(may=by(STAFF - {"owner"}), **ON),
    "desk:link": Row(  # with itself: that changes nothing for anybody
        may=anywhere(frozenset()),
        values=lambda world, case: {**ticket(world, case), "target": case.ticket.number},
    ),
    "desk:copies": Row(may=by(WORKERS), body=const(email="new@copied.example"), **ON),
    "desk:uncopy": Row(
        may=anywhere(frozenset()), values=lambda world, case: {**ticket(world, case), **lena(world, case)}
    ),
    "desk:retry": Row(may=by(WORKERS), values=undelivered, each=True),
    "desk:spam": Row(may=by(AGENTS), **ON),
    "desk:trash": Row(may=by(AGENTS), **ON),
    "desk:deletion": Row(desk_ticket_for(ADMINS), may=anywhere(frozenset()), **ON),
    "desk:redaction": Row(desk_ticket_for(OFFICE), may=by(OFFICE), body=const(reason=""), **NOTE),
    "desk:file-redaction": Row(desk_ticket_for(OFFICE), may=by(OFFICE), body=const(reason=""), **NOTE_FILE),
    # field
    "field:tickets": Row(desk),
    "field:signin": Row(field_sign_in, may=anywhere(frozenset())),
    "field:signin-code": Row(only_signed_out, may=anywhere(frozenset())),
    "field:manifest": Row(anyone),
    "field:ticket": Row(desk_ticket, **ON),
    "field:messages": Row(
        may=by(WORKERS), body=const(text="Words", visibility="internal", step="arrive"), **ON
    ),
    "field:receipt": Row(desk, values=const(key="made-up-key")),
    "field:new": Row(
        desk_for(WORKERS),
        may=anywhere(WORKERS),
        body=const(name="Somebody", phone="+44 20 7946 0958", subject="s", text="t", mine="on"),
    ),
    "field:people": Row(desk),
    "field:customer": Row(desk_people, values=lena),
    "field:uploads": Row(may=anywhere(frozenset())),
    "field:attachment": Row(desk_ticket, **NOTE_FILE),
    "field:message-html": Row(desk_ticket, **NOTE),
    "field:inline": Row(nobody, values=token),
    # setup
    "setup:start": Row(setup(AUDIT)),
    "setup:steps": Row(setup(ADMINS)),
    "setup:steps_support": Row(may=anywhere(ADMINS), body=const(support_address="help@desk.example")),
    "setup:steps_mail": Row(setup(ADMINS)),
    "setup:steps_skipping": Row(may=anywhere(ADMINS), values=const(step="company")),
    "setup:hours": Row(
        setup(ADMINS), may=anywhere(ADMINS), body=const(zone="Europe/Berlin", day_0="09:00-17:00")
    ),
    "setup:company": Row(
        setup(ADMINS),
        may=anywhere(ADMINS),
        body=const(
            name="Another name",
            support_address="help@desk.example",
            phone_days="30",
            language="en",
            time_zone="UTC",
            registration="invited",
        ),
    ),
    "setup:company_colours": Row(setup(ADMINS)),
    "setup:people": Row(setup(ADMINS)),
    "setup:invitations": Row(setup(ADMINS)),
    "setup:invite": Row(
        setup(ADMINS), may=anywhere(ADMINS), body=const(people="F <fresh@desk.example>", role="agent")
    ),
    "setup:invite_list": Row(
        setup(ADMINS),
        may=anywhere(ADMINS),
        body=const(rows='[["list@desk.example","","",""]]', role="agent", do="send"),
    ),
    "setup:invitation_again": Row(
        may=anywhere(ADMINS), values=lambda world, case: {"pk": world.invitation.pk}
    ),
    "setup:invitation_removal": Row(
        may=anywhere(ADMINS), values=lambda world, case: {"pk": world.invitation.pk}
    ),
    "setup:person": Row(setup(ADMINS), values=lena),
    "setup:grants": Row(may=anywhere(ADMINS), values=lena, body=const(role="agent")),
    "setup:grant_removal": Row(may=anywhere(ADMINS), values=lenas_grant),
    "setup:device_removal": Row(may=anywhere(ADMINS), values=lenas_device),
    "setup:number_removal": Row(may=anywhere(ADMINS), values=lenas_number),
    "setup:token_removal": Row(may=anywhere(ADMINS), values=lenas_token),
    "setup:directory_link_removal": Row(may=anywhere(ADMINS), values=lenas_directory),
    "setup:deactivation": Row(setup(ADMINS), may=anywhere(ADMINS), values=lena),
    "setup:anonymisation": Row(setup(ADMINS), may=anywhere(ADMINS), values=lena, body=const(name="Lena")),
    "setup:reactivation": Row(may=anywhere(frozenset()), values=lena),
    "setup:viewing": Row(may=anywhere(ADMINS), values=lena),
    "setup:second_factor_reset": Row(may=anywhere(ADMINS), values=lambda world, case: {"pk": world.kim.pk}),
    "setup:mailboxes": Row(setup(ADMINS)),
    "setup:mailbox_new": Row(
        setup(ADMINS),
        may=anywhere(ADMINS),
        body=const(name="Sales", address="sales@desk.example", incoming="none", outgoing="desk"),
    ),
    "setup:mailbox_trial": Row(may=anywhere(frozenset())),  # tries servers, changes nothing
    "setup:mailbox": Row(
        setup(ADMINS),
        may=anywhere(ADMINS),
        values=mailbox,
        body=const(name="Help", incoming="none", outgoing="desk"),
    ),
    "setup:mailbox_switching": Row(may=anywhere(ADMINS), values=mailbox, body=const(on="0")),
    "setup:mailbox_removal": Row(setup(ADMINS), may=anywhere(frozenset()), values=mailbox),
    "setup:mailbox_again": Row(may=anywhere(ADMINS), values=unreadable),
    "setup:mailbox_delivery": Row(setup(ADMINS), values=mailbox),
    "setup:mailbox_push": Row(
        setup(ADMINS), may=anywhere(ADMINS), values=mailbox, body=const(service="postmark")
    ),
    "setup:mailbox_push_renewal": Row(may=anywhere(frozenset()), values=mailbox),  # nothing is pushed there
    "setup:mailbox_push_end": Row(may=anywhere(frozenset()), values=mailbox),
    "setup:whatsapp": Row(setup(ADMINS)),
    "setup:whatsapp_new": Row(setup(ADMINS), may=anywhere(ADMINS), body=new_number),
    "setup:whatsapp_number": Row(
        setup(ADMINS),
        may=anywhere(ADMINS),
        values=whatsapp,
        body=const(name="Chat", number_id="880000000000001", waba_id="990000000000001", token="new"),
    ),
    "setup:whatsapp_check": Row(may=anywhere(frozenset()), values=whatsapp),  # asks, changes nothing
    "setup:whatsapp_subscription": Row(may=anywhere(frozenset()), values=whatsapp),  # nobody answers
    "setup:whatsapp_drafts": Row(
        may=anywhere(frozenset()),  # nobody answers
        values=whatsapp,
        body=const(name="reopen_window", language="de"),
    ),
    "setup:whatsapp_switching": Row(may=anywhere(ADMINS), values=whatsapp, body=const(on="0")),
    "setup:whatsapp_removal": Row(setup(ADMINS), may=anywhere(ADMINS), values=whatsapp),
    "setup:whatsapp_web_new": Row(setup(ADMINS), may=anywhere(ADMINS), body=new_linked),
    "setup:whatsapp_web": Row(
        setup(ADMINS),
        may=anywhere(ADMINS),
        values=linked,
        body=const(
            name="Renamed",
            reply_days="9",
            people_per_hour="9",
            messages_per_day="9",
            gateway="http://127.0.0.1:1",
        ),
    ),
    "setup:whatsapp_web_acceptance": Row(may=anywhere(ADMINS), values=linked, body=const(understood="on")),
    "setup:whatsapp_web_link": Row(setup(ADMINS), may=anywhere(frozenset()), values=linked),  # off
    "setup:whatsapp_web_code": Row(may=anywhere(frozenset()), values=linked),
    "setup:whatsapp_web_pausing": Row(may=anywhere(ADMINS), values=linked, body=const(on="1")),
    "setup:whatsapp_web_switching": Row(may=anywhere(frozenset()), values=linked, body=const(on="1")),
    "setup:whatsapp_web_unlinking": Row(may=anywhere(frozenset()), values=linked),  # nobody answers
    "setup:whatsapp_web_removal": Row(setup(ADMINS), may=anywhere(ADMINS), values=linked),
    "setup:senders": Row(
        setup(ADMINS), may=anywhere(ADMINS), body=const(senders="spam@outside.example", kind="block")
    ),
    "setup:sender_removal": Row(may=anywhere(ADMINS), values=listed_sender),
    "setup:texts": Row(setup(ADMINS)),
    "setup:text": Row(
        setup(ADMINS), may=anywhere(ADMINS), values=mail_text, body=const(subject="Yours", text="We have it.")
    ),
    "setup:text_preview": Row(setup(ADMINS), may=anywhere(frozenset()), values=mail_text),
    "setup:text_trial": Row(may=anywhere(frozenset()), values=mail_text),  # sends a sample, changes nothing
    "setup:text_reset": Row(may=anywhere(ADMINS), values=own_mail_text),
    "setup:mailbox_sign_in": Row(setup(ADMINS), values=signing_in),
    "setup:mailbox_signed_in": Row(setup(ADMINS)),  # nothing was begun: back to the mailboxes
    "setup:sign_in_providers": Row(setup(ADMINS)),
    "setup:sign_in_provider_new": Row(
        setup(ADMINS),
        may=anywhere(ADMINS),
        body=const(kind="google", flow="person", client_id="desk", client_secret="s"),
    ),
    "setup:sign_in_provider": Row(
        setup(ADMINS),
        may=anywhere(ADMINS),
        values=provider,
        body=const(kind="google", flow="person", name="Gmail", client_id="desk", client_secret="s"),
    ),
    "setup:sign_in_provider_removal": Row(setup(ADMINS), may=anywhere(ADMINS), values=spare_provider),
    "setup:identity_providers": Row(setup(OWNERS)),
    "setup:identity_provider_new": Row(
        setup(OWNERS),
        may=anywhere(OWNERS),
        body=const(**PROVIDER, name="Elsewhere"),
    ),
    "setup:identity_provider": Row(
        setup(OWNERS),
        may=anywhere(OWNERS),
        values=identity_provider,
        body=const(**PROVIDER, name="Another"),
    ),
    # asks another server, and changes nothing: tests/account/test_single_sign_on.py
    "setup:identity_provider_test": Row(may=anywhere(frozenset()), values=identity_provider),
    "setup:identity_provider_removal": Row(setup(OWNERS), may=anywhere(OWNERS), values=identity_provider),
    "setup:directories": Row(setup(OWNERS)),
    "setup:directory_new": Row(
        setup(OWNERS), may=anywhere(OWNERS), body=const(**DIRECTORY, name="Elsewhere")
    ),
    "setup:directory": Row(
        setup(OWNERS), may=anywhere(OWNERS), values=directory, body=const(**DIRECTORY, name="Another")
    ),
    # asks another server, and changes nothing: tests/setup/test_directories.py
    "setup:directory_test": Row(may=anywhere(frozenset()), values=directory),
    "setup:directory_removal": Row(setup(OWNERS), may=anywhere(OWNERS), values=directory),
    "setup:received": Row(setup(ADMINS)),
    "setup:received_item": Row(setup(ADMINS), values=lambda world, case: {"pk": world.item.pk}),
    "setup:received_source": Row(setup(ADMINS), values=lambda world, case: {"pk": world.item.pk}),
    "setup:replay": Row(may=anywhere(frozenset()), values=lambda world, case: {"pk": world.item.pk}),
    "setup:sent": Row(setup(ADMINS)),
    "setup:retry": Row(may=anywhere(ADMINS), values=undelivered),
    "setup:system": Row(setup(ADMINS)),
    "setup:audit_csv": Row(setup(AUDIT)),
    "setup:roles": Row(setup(ADMINS)),
    "setup:role_new": Row(setup(ADMINS), may=anywhere(ADMINS), body=const(name="Night shift", scope="team")),
    "setup:role": Row(
        setup(ADMINS),
        may=anywhere(ADMINS),
        values=shaped("role"),
        body=const(name="Watchers", scope="all", permissions=["desk.enter"], version=1),
    ),
    "setup:role_copy": Row(may=anywhere(ADMINS), values=shaped("role")),
    "setup:role_removal": Row(setup(ADMINS), may=anywhere(ADMINS), values=shaped("role")),
    "setup:teams": Row(setup(ADMINS)),
    "setup:team_new": Row(setup(ADMINS), may=anywhere(ADMINS), body=const(name="Night shift")),
    "setup:team": Row(
        setup(ADMINS), may=anywhere(ADMINS), values=shaped("team"), body=const(name="Day shift", active="on")
    ),
    "setup:team_removal": Row(setup(ADMINS), may=anywhere(frozenset()), values=shaped("team")),
    "setup:team_members": Row(
        may=anywhere(ADMINS),
        values=shaped("team"),
        body=lambda world, case: {"person": world.user("supervisor").pk, "role": "agent"},
    ),
    "setup:team_leaving": Row(
        may=anywhere(ADMINS),
        values=lambda world, case: {
            **shaped("team")(world, case),
            "grant_pk": Grant.objects.filter(user=world.user("one-team agent"), team__isnull=False)
            .values_list("pk", flat=True)
            .get(),
        },
    ),
    "setup:organizations": Row(setup(ADMINS)),
    "setup:organization_new": Row(setup(ADMINS), may=anywhere(ADMINS), body=const(name="Fresh Ltd")),
    "setup:organization": Row(
        setup(ADMINS), may=anywhere(ADMINS), values=shaped("organization"), body=const(name="Renamed Ltd")
    ),
    "setup:organization_removal": Row(
        setup(ADMINS), may=anywhere(frozenset()), values=shaped("organization")
    ),
    "setup:organization_people": Row(
        may=anywhere(ADMINS),
        values=shaped("organization"),
        body=lambda world, case: {"email": world.user("supervisor").email},
    ),
    "setup:organization_leaving": Row(
        may=anywhere(ADMINS),
        values=lambda world, case: {
            **shaped("organization")(world, case),
            "person_pk": world.user("customer").pk,
        },
    ),
    "setup:site_new": Row(
        setup(ADMINS), may=anywhere(ADMINS), values=shaped("organization"), body=const(name="Depot")
    ),
    "setup:membership": Row(
        may=anywhere(ADMINS), values=lambda world, case: {"pk": world.asked.pk}, body=const(do="approve")
    ),
    "setup:site": Row(
        setup(ADMINS), may=anywhere(ADMINS), values=shaped("site"), body=const(name="Dock", active="on")
    ),
    "setup:site_removal": Row(setup(ADMINS), may=anywhere(ADMINS), values=shaped("site")),
    "setup:queues": Row(setup(ADMINS)),
    "setup:queue_new": Row(setup(ADMINS), may=anywhere(ADMINS), body=const(name="Projects")),
    "setup:queue": Row(
        setup(ADMINS), may=anywhere(ADMINS), values=shaped("queue"), body=const(name="Renamed", active="on")
    ),
    "setup:queue_move": Row(may=anywhere(ADMINS), values=shaped("queue"), body=const(to="down")),
    "setup:queue_removal": Row(setup(ADMINS), may=anywhere(frozenset()), values=shaped("queue")),
    "setup:statuses": Row(setup(ADMINS)),
    "setup:status_new": Row(
        setup(ADMINS), may=anywhere(ADMINS), body=const(label="Looking", category="open", active="on")
    ),
    "setup:status": Row(
        setup(ADMINS), may=anywhere(ADMINS), values=shaped("status"), body=const(label="Renamed", active="on")
    ),
    "setup:status_move": Row(may=anywhere(ADMINS), values=shaped("spare_status"), body=const(to="up")),
    "setup:status_removal": Row(setup(ADMINS), may=anywhere(frozenset()), values=shaped("status")),
    "setup:types": Row(setup(ADMINS)),
    "setup:type_new": Row(setup(ADMINS), may=anywhere(ADMINS), body=const(name="Project")),
    "setup:type": Row(
        setup(ADMINS), may=anywhere(ADMINS), values=shaped("type"), body=const(name="Renamed", active="on")
    ),
    "setup:type_move": Row(may=anywhere(ADMINS), values=shaped("type"), body=const(to="down")),
    "setup:type_removal": Row(setup(ADMINS), may=anywhere(ADMINS), values=shaped("type")),
    "setup:tags": Row(setup(ADMINS)),
    "setup:tag": Row(setup(ADMINS), may=anywhere(ADMINS), values=shaped("tag"), body=const(name="renamed")),
    "setup:tag_merging": Row(
        may=anywhere(ADMINS), values=shaped("tag"), body=lambda world, case: {"into": world.cases[-1].tag}
    ),
    "setup:tag_removal": Row(setup(ADMINS), may=anywhere(ADMINS), values=shaped("tag")),
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
    "POST /tickets/{number}/forwards": Row(
        may=by(AGENTS), body=const(to=["parts@supplier.example"], body="Have you got one?"), **NUMBER
    ),
    "POST /tickets/{number}/merge": Row(  # with itself, which is refused
        may=anywhere(frozenset()), body=lambda world, case: {"into": case.ticket.number}, **NUMBER
    ),
    "DELETE /tickets/{number}/merge": Row(may=anywhere(frozenset()), **NUMBER),
    "POST /tickets/{number}/splits": Row(
        may=by(WORKERS),
        body=lambda world, case: {"messages": [case.messages["internal"].pk], "subject": "Another matter"},
        **NUMBER,
    ),
    "POST /tickets/{number}/moves": Row(
        may=anywhere(frozenset()),
        body=lambda world, case: {"messages": [case.messages["internal"].pk], "to": case.ticket.number},
        **NUMBER,
    ),
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
    "POST /people/{id}/merge": Row(
        may=anywhere(OFFICE),
        values=path(id=lambda world, case: world.user("customer").pk),
        body=lambda world, case: {"into": world.user("reader").pk},
    ),
    "DELETE /people/{id}/merge": Row(
        may=anywhere(frozenset()), values=path(id=lambda world, case: world.user("customer").pk)
    ),
    "GET /organizations": Row(api_in),
    "POST /organizations": Row(may=anywhere(AGENTS), body=const(name="New company")),
    "GET /organizations/{id}": Row(
        api_company,
        values=path(id=lambda world, case: world.user("customer").organization_id or 0),
    ),
}
