"""The audit trail in words: every event, who did it, and what it was about."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deskbell.channels.models import Channel
from deskbell.events.models import Event, EventDetail
from deskbell.people import permissions
from deskbell.people.models import ApiToken, Identity, Invitation, Organization, Role, Team, User
from deskbell.people.queries import visible_people
from deskbell.people.rights import rights_of
from deskbell.tickets.models import Ticket
from deskbell.tickets.queries import described

#: milliseconds a filtered page may take
TIMEOUT = 5000
#: people that a name in the filter may stand for
PEOPLE_MEANT = 50

#: what one may filter by: a kind's beginning → its name
AREAS: list[tuple[str, str | Promise]] = [
    ("ticket.", gettext_lazy("Tickets: everything")),
    ("ticket.opened", gettext_lazy("Tickets: opened")),
    ("ticket.message_added", gettext_lazy("Tickets: messages")),
    ("ticket.status_changed", gettext_lazy("Tickets: status")),
    ("ticket.assigned", gettext_lazy("Tickets: assignment")),
    ("ticket.redacted", gettext_lazy("Tickets: removed words and files")),
    ("ticket.deleted", gettext_lazy("Tickets: deleted for ever")),
    ("user.", gettext_lazy("People: everything")),
    ("user.rights_changed", gettext_lazy("People: roles")),
    ("user.password_set", gettext_lazy("People: passwords")),
    ("invitation.", gettext_lazy("Invitations")),
    ("token.", gettext_lazy("API tokens")),
    ("organization.", gettext_lazy("Organisations")),
    ("channel.", gettext_lazy("Channels")),
    ("inbound.", gettext_lazy("Messages received")),
    ("outbox.", gettext_lazy("Messages sent")),
]


class TooSlow(Exception):
    """The filters would read too much; narrower ones help."""


@dataclass
class Line:
    """`about` is what it was about, in words. `number` is that of its ticket where the reader may open it,
    `person` and `inbound` the ids of a person and of a received message.
    """

    event: Event
    who: str
    what: str
    about: str = ""
    number: int | None = None
    person: int | None = None
    inbound: int | None = None


# --- which events ---------------------------------------------------------------------------------


def events_visible_to(user: User) -> QuerySet[Event]:
    """Everything for those whose permission reaches everything; else what happened to tickets they reach."""
    rows = Event.objects.select_related("detail")
    if rights_of(user).reach(permissions.AUDIT).everything:
        return rows
    reached = Ticket.objects.visible_to(user, trashed=True).values("pk")
    return rows.filter(about_kind="ticket", about_id__in=reached)


def narrowed(rows: QuerySet[Event], user: User, filters: dict[str, Any]) -> QuerySet[Event]:
    """`filters` is the cleaned data of AuditForm."""
    if kind := filters["kind"]:
        rows = rows.filter(kind__startswith=kind) if kind.endswith(".") else rows.filter(kind=kind)
    if words := filters["person"].replace("\0", "").strip():
        people = _people_called(user, words)
        acted = Q(actor_kind="user", actor_id__in=people)
        rows = rows.filter(acted | Q(about_kind="user", about_id__in=people))
    if number := filters["ticket"]:
        rows = rows.filter(about_kind="ticket", about_id__in=_tickets_numbered(number))
    if since := filters["since"]:
        rows = rows.filter(at__gte=_midnight(since))
    if until := filters["until"]:
        rows = rows.filter(at__lt=_midnight(until + timedelta(days=1)))
    return rows


def _people_called(user: User, words: str) -> list[int]:
    """Ids of people with `words` in their name or address, closed accounts too."""
    addressed = Exists(Identity.objects.filter(user=OuterRef("pk"), key__icontains=words))
    found = visible_people(user).filter(Q(name__icontains=words) | Q(addressed)).order_by("pk")
    return list(found.values_list("pk", flat=True)[:PEOPLE_MEANT])


def _tickets_numbered(number: int) -> list[int]:
    """The ticket, also when it was deleted for ever: its opening names the number it had."""
    known = list(Ticket.objects.filter(number=number).values_list("pk", flat=True))
    if known:
        return known
    opened = Event.objects.filter(kind="ticket.deleted", data__number=number)
    return list(opened.values_list("about_id", flat=True))


def _midnight(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def within_time(read: Any) -> Any:
    """What `read()` returns. Raises TooSlow."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"set local statement_timeout = {TIMEOUT}")
            found = read()
            cursor.execute("set local statement_timeout = default")
            return found
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) == "57014":  # query_canceled
            raise TooSlow from error
        raise


# --- in words -------------------------------------------------------------------------------------


def lines(happened: list[Event], user: User) -> list[Line]:
    """One line for each event, in the same number of queries for any number of them."""
    names = _Names.of(happened, user)
    told = []
    for entry in described(happened):
        event = entry.event
        assert event is not None
        what = entry.sentence if event.about_kind == "ticket" else _what(event, names)
        about, number, person = names.about(event)
        inbound = event.about_id if event.about_kind == "inbounditem" else None
        told.append(Line(event, entry.who, what, about, number, person, inbound))
    return told


def _what(event: Event, names: _Names) -> str:
    """A plain sentence without its subject; the kind itself for one that has no words yet."""
    tell = WORDS.get(event.kind)
    return tell(event, names) if tell else event.kind


@dataclass
class _Names:
    """What stands behind the ids of a batch of events. `open` are tickets the reader may open."""

    tickets: dict[int, int] = field(default_factory=dict)
    open: set[int] = field(default_factory=set)
    people: dict[int, str] = field(default_factory=dict)
    invitations: dict[int, str] = field(default_factory=dict)
    tokens: dict[int, tuple[str, int]] = field(default_factory=dict)
    organizations: dict[int, str] = field(default_factory=dict)
    channels: dict[int, str] = field(default_factory=dict)
    teams: dict[int, str] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, happened: list[Event], user: User) -> _Names:
        def ids(kind: str) -> set[int]:
            return {event.about_id for event in happened if event.about_kind == kind}

        tickets = ids("ticket") | {event.data.get("ticket_id") for event in happened} - {None}
        tokens = {
            token.pk: (token.name, token.user_id) for token in ApiToken.objects.filter(pk__in=ids("apitoken"))
        }
        people = ids("user") | {holder for _name, holder in tokens.values()}
        teams = {event.data.get("team_id") for event in happened} - {None}
        reached = Ticket.objects.visible_to(user, trashed=True).filter(pk__in=tickets)
        return cls(
            tickets=dict(Ticket.objects.filter(pk__in=tickets).values_list("pk", "number")),
            open=set(reached.values_list("pk", flat=True)),
            people={person.pk: person.display_name for person in User.objects.filter(pk__in=people)},
            invitations=dict(Invitation.objects.filter(pk__in=ids("invitation")).values_list("pk", "email")),
            tokens=tokens,
            organizations=dict(
                Organization.objects.filter(pk__in=ids("organization")).values_list("pk", "name")
            ),
            channels=dict(Channel.objects.filter(pk__in=ids("channel")).values_list("pk", "address")),
            teams=dict(Team.objects.filter(pk__in=teams).values_list("pk", "name")),
            roles=dict(Role.objects.values_list("slug", "name")),
        )

    def about(self, event: Event) -> tuple[str, int | None, int | None]:
        """The subject in words, the number of a ticket to open, the id of a person to open."""
        pk = event.about_id
        ticket = pk if event.about_kind == "ticket" else event.data.get("ticket_id")
        number = self.tickets.get(ticket) if ticket in self.open else None
        if event.about_kind == "ticket":
            known = self.tickets.get(pk) or event.data.get("number")
            return (f"#{known}" if known else _("a ticket that is gone")), number, None
        if event.about_kind == "user":
            return self.people.get(pk, _("somebody removed")), None, pk if pk in self.people else None
        if event.about_kind == "apitoken":
            return self.people.get(self.tokens.get(pk, ("", 0))[1], ""), number, None
        if event.about_kind in {"inbounditem", "outboxitem"}:
            known = self.tickets.get(ticket) if ticket else None
            return (f"#{known}" if known else _("message %(id)s") % {"id": pk}), number, None
        table = {
            "invitation": self.invitations,
            "organization": self.organizations,
            "channel": self.channels,
        }.get(event.about_kind, {})
        return table.get(pk, ""), number, None

    def role(self, slug: str) -> str:
        return _(self.roles.get(slug, slug))


def _detail(event: Event, name: str) -> str:
    """A value that may have been erased; empty then."""
    try:
        return str(event.detail.values.get(name, ""))
    except EventDetail.DoesNotExist:
        return ""


def _rights(event: Event, names: _Names) -> str:
    parts = [_("gave the role %(role)s") % {"role": names.role(slug)} for slug in event.data["added"]]
    parts += [_("took the role %(role)s back") % {"role": names.role(slug)} for slug in event.data["removed"]]
    return ", ".join(parts)


def _identity(event: Event, names: _Names) -> str:
    given = _detail(event, "given")
    return _("added the address %(address)s") % {"address": given} if given else _("added an address")


def _invited(event: Event, names: _Names) -> str:
    role, team = names.role(event.data["role"]), names.teams.get(event.data["team_id"])
    if team:
        return _("invited somebody as %(role)s in %(team)s") % {"role": role, "team": team}
    return _("invited somebody as %(role)s") % {"role": role}


def _token(event: Event, names: _Names) -> str:
    if event.data["read_only"]:
        return _("made the read-only API token “%(name)s”") % {"name": event.data["name"]}
    return _("made the API token “%(name)s”") % {"name": event.data["name"]}


def _fields(event: Event, names: _Names) -> str:
    return _("changed %(fields)s") % {"fields": ", ".join(event.data["fields"])}


def _decided(event: Event, names: _Names) -> str:
    return _("decided on a received message: %(state)s (%(reason)s)") % {
        "state": event.data["state"],
        "reason": event.data["reason"] or "–",
    }


def _delivery(event: Event, names: _Names) -> str:
    if event.data["error_code"]:
        return _("noted a message as %(state)s: %(code)s") % {
            "state": event.data["state"],
            "code": event.data["error_code"],
        }
    return _("noted a message as %(state)s") % {"state": event.data["state"]}


def _plain(text: Any) -> Any:
    return lambda event, names: str(text)


WORDS: dict[str, Any] = {
    "user.added": _plain(gettext_lazy("came to know the person")),
    "user.changed": _fields,
    "user.identity_added": _identity,
    "user.identity_verified": _plain(gettext_lazy("verified an address")),
    "user.password_set": _plain(gettext_lazy("set the password")),
    "user.rights_changed": _rights,
    "user.deactivated": _plain(gettext_lazy("closed the account")),
    "user.reactivated": _plain(gettext_lazy("opened the account again")),
    "invitation.sent": _invited,
    "invitation.accepted": _plain(gettext_lazy("accepted the invitation")),
    "invitation.withdrawn": _plain(gettext_lazy("withdrew the invitation")),
    "token.created": _token,
    "organization.added": _plain(gettext_lazy("added the organisation")),
    "organization.changed": _fields,
    "channel.added": _plain(gettext_lazy("added the channel")),
    "inbound.decided": _decided,
    "inbound.replayed": _plain(gettext_lazy("sent a received message through intake again")),
    "outbox.delivery": _delivery,
}
