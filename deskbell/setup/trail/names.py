"""What stands behind the ids of a batch of events."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db.models import CharField, Model, Value
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from deskbell.channels.models import Channel
from deskbell.events.models import Event, EventDetail
from deskbell.people.events import GaveBack, Merged, TookOver, Unmerged
from deskbell.people.models import ApiToken, Invitation, Organization, Role, Team, User
from deskbell.tickets.models import Queue, Status, Tag, Ticket, TicketType


@dataclass
class Names:
    """What stands behind the ids of a batch of events. `open` are tickets the reader may open."""

    tickets: dict[int, int] = field(default_factory=dict)
    open: set[int] = field(default_factory=set)
    people: dict[int, str] = field(default_factory=dict)
    invitations: dict[int, str] = field(default_factory=dict)
    tokens: dict[int, tuple[str, int]] = field(default_factory=dict)
    organizations: dict[int, str] = field(default_factory=dict)
    #: (kind of what an administrator shapes, its id) → its name
    shaped: dict[tuple[str, int], str] = field(default_factory=dict)
    channels: dict[int, str] = field(default_factory=dict)
    teams: dict[int, str] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    role_names: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, happened: list[Event], user: User) -> Names:
        def ids(kind: str) -> set[int]:
            return {event.about_id for event in happened if event.about_kind == kind}

        tickets = ids("ticket") | {event.data.get("ticket_id") for event in happened} - {None}
        tokens = {
            token.pk: (token.name, token.user_id) for token in ApiToken.objects.filter(pk__in=ids("apitoken"))
        }
        people = ids("user") | {holder for _name, holder in tokens.values()} | _others(happened)
        teams = {event.data.get("team_id") for event in happened} - {None} | ids("team")
        roles = list(Role.objects.values_list("pk", "slug", "name"))
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
            shaped=_shaped(happened),
            channels={
                channel.pk: channel.name
                if channel.kind in (Channel.Kind.WHATSAPP_CLOUD, Channel.Kind.WHATSAPP_WEB)
                else str(channel.address or channel.name)
                for channel in Channel.objects.filter(pk__in=ids("channel"))
            },
            teams=dict(Team.objects.filter(pk__in=teams).values_list("pk", "name")),
            roles={slug: name for _pk, slug, name in roles},
            role_names={pk: _(name) for pk, _slug, name in roles},
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
        if event.about_kind == "company":
            return _("the company"), None, None
        if event.about_kind in _SHAPED:
            return self.shaped.get((event.about_kind, pk), event.data.get("name", "")), number, None
        if event.about_kind == "installation":
            return _("this desk"), None, None
        table = {
            "invitation": self.invitations,
            "organization": self.organizations,
            "channel": self.channels,
            "team": self.teams,
            "role": self.role_names,
        }.get(event.about_kind, {})
        return table.get(pk) or event.data.get("name") or detail(event, "name"), number, None

    def role(self, slug: str) -> str:
        return _(self.roles.get(slug, slug))


_MERGES = {each.kind for each in (Merged, TookOver, Unmerged, GaveBack)}
#: what an administrator shapes about tickets, by the kind its events bear
_SHAPED: dict[str, tuple[type[Model], str]] = {
    "queue": (Queue, "name"),
    "status": (Status, "label"),
    "tickettype": (TicketType, "name"),
    "tag": (Tag, "name"),
}


def _shaped(happened: list[Event]) -> dict[tuple[str, int], str]:
    """One query for all four kinds; none when no event is about one."""
    wanted = {(event.about_kind, event.about_id) for event in happened if event.about_kind in _SHAPED}
    parts = [
        model._default_manager.filter(pk__in=[pk for each, pk in wanted if each == kind])
        .order_by()
        .values_list(Value(kind, CharField()), "pk", Cast(column, CharField()))
        for kind, (model, column) in _SHAPED.items()
    ]
    if not wanted:
        return {}
    return {(kind, pk): name for kind, pk, name in parts[0].union(*parts[1:], all=True)}


def _others(happened: list[Event]) -> set[int]:
    """Ids of the other person of each merge."""
    merges = [event.data for event in happened if event.kind in _MERGES]
    return {data[name] for data in merges for name in ("target_id", "source_id") if name in data}


def detail(event: Event, name: str) -> str:
    """A value that may have been erased; empty then."""
    try:
        return str(event.detail.values.get(name, ""))
    except EventDetail.DoesNotExist:
        return ""
