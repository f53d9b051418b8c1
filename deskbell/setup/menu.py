"""The pages of the setup: its navigation and its start page."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from deskbell.people import permissions
from deskbell.people.rights import Rights

Words = str | Promise


@dataclass(frozen=True)
class Item:
    """`key` is what a page names in its block `current`, `route` the name of its address in the setup."""

    key: str
    title: Words
    about: Words
    route: str
    icon: str
    permission: str = permissions.SETUP
    #: any of these opens it as well
    also: tuple[str, ...] = ()

    def open_to(self, rights: Rights) -> bool:
        return any(rights.has(each) for each in (self.permission, *self.also))


@dataclass(frozen=True)
class Group:
    title: Words
    items: tuple[Item, ...]


MENU = (
    Group(
        _("Company"),
        (
            Item(
                "company",
                _("Company"),
                _("Name, logo, colour, and who may write to you"),
                "company",
                "briefcase",
            ),
            Item(
                "hours",
                _("Opening hours"),
                _("When somebody is there, and holidays"),
                "hours",
                "clock",
            ),
        ),
    ),
    Group(
        _("People"),
        (
            Item(
                "people",
                _("Staff"),
                _("Who works here, their roles and invitations"),
                "people",
                "users",
                also=(permissions.PEOPLE_INVITE,),
            ),
            Item(
                "roles",
                _("Roles"),
                _("Who may do what, and in which tickets"),
                "roles",
                "shield-check",
                also=(permissions.ROLES, permissions.PEOPLE_INVITE),
            ),
            Item("teams", _("Teams"), _("Who works together"), "teams", "users-round", permissions.TEAMS),
            Item(
                "identity_providers",
                _("Single sign-on"),
                _("People sign in at your own provider"),
                "identity_providers",
                "log-in",
                permissions.OWN,
            ),
            Item(
                "directories",
                _("Directories"),
                _("Passwords that LDAP or Active Directory checks"),
                "directories",
                "book-user",
                permissions.OWN,
            ),
            Item(
                "organizations",
                _("Organisations"),
                _("Customers, their mail domains and sites"),
                "organizations",
                "building-2",
            ),
        ),
    ),
    Group(
        _("Tickets"),
        (
            Item(
                "queues",
                _("Queues"),
                _("What customers can choose to write to"),
                "queues",
                "layers",
                permissions.SHAPE,
            ),
            Item(
                "statuses",
                _("Statuses"),
                _("Your words for where a ticket stands"),
                "statuses",
                "circle-dot",
                permissions.SHAPE,
            ),
            Item("types", _("Types"), _("Incident, question, task …"), "types", "shapes", permissions.SHAPE),
            Item("tags", _("Tags"), _("Rename, merge and clear them out"), "tags", "tags", permissions.SHAPE),
        ),
    ),
    Group(
        _("Channels"),
        (
            Item("mailboxes", _("Mailboxes"), _("Where mails come from and leave"), "mailboxes", "mail"),
            Item("whatsapp", _("WhatsApp"), _("Numbers customers write to"), "whatsapp", "message-circle"),
            Item("texts", _("Mail texts"), _("What our mails say"), "texts", "file-pen-line"),
            Item("senders", _("Senders"), _("Who is blocked, who is always welcome"), "senders", "ban"),
            Item(
                "sign_in_providers",
                _("Sign-in providers"),
                _("Microsoft 365, Google and others, for mailboxes without a password"),
                "sign_in_providers",
                "key-round",
            ),
            Item("received", _("Received"), _("What came in, and what was held back"), "received", "inbox"),
            Item("sent", _("Sent"), _("What left, and what did not arrive"), "sent", "send"),
        ),
    ),
    Group(
        _("System"),
        (
            Item("system", _("System"), _("Database, disk, jobs and the last backup"), "system", "server"),
            Item(
                "audit",
                _("Audit trail"),
                _("Who did what, and when"),
                "audit",
                "scroll-text",
                permissions.AUDIT,
            ),
        ),
    ),
)


def menu_for(rights: Rights) -> list[Group]:
    """The groups with what the person may open; empty ones are left out."""
    seen = (Group(group.title, tuple(item for item in group.items if item.open_to(rights))) for group in MENU)
    return [group for group in seen if group.items]
