"""The audit trail in words: every event, who did it, and what it was about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import CharField, Exists, Model, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from deskbell.channels.models import Channel, SenderRule
from deskbell.channels.whatsapp_web.words import LINKS
from deskbell.events.kinds import Happened
from deskbell.events.models import Event, EventDetail
from deskbell.kit.jinja import file_size
from deskbell.kit.stored import said
from deskbell.kit.time import midnight
from deskbell.notifications.texts import MAILS
from deskbell.people import permissions
from deskbell.people.events import GaveBack, Merged, TookOver, Unmerged
from deskbell.people.models import ApiToken, Identity, Invitation, Organization, Role, Team, User
from deskbell.people.queries import visible_people
from deskbell.people.rights import rights_of
from deskbell.people.telling import sign_in_line
from deskbell.setup.ledgers import RECEIVED, SENT
from deskbell.setup.role_forms import SCOPES
from deskbell.tickets.models import Queue, Status, Tag, Ticket, TicketType
from deskbell.tickets.queries import described

#: milliseconds a filtered page may take
TIMEOUT = 5000
#: people that a name in the filter may stand for
PEOPLE_MEANT = 50

#: what one may filter by, in groups: a kind, or its beginning up to the dot → its name
AREAS: list[tuple[str | Promise, list[tuple[str, str | Promise]]]] = [
    (
        gettext_lazy("Tickets"),
        [
            ("ticket.", gettext_lazy("Everything about tickets")),
            ("ticket.opened", gettext_lazy("Opened")),
            ("ticket.message_added", gettext_lazy("Messages")),
            ("ticket.forwarded", gettext_lazy("Forwarded")),
            ("ticket.supplier_answered", gettext_lazy("Answers of suppliers")),
            ("ticket.status_changed", gettext_lazy("Status")),
            ("ticket.assigned", gettext_lazy("Assignment")),
            ("ticket.redacted", gettext_lazy("Removed words and files")),
            ("ticket.deleted", gettext_lazy("Deleted for ever")),
            ("bulk.", gettext_lazy("Several at once")),
        ],
    ),
    (
        gettext_lazy("People"),
        [
            ("user.", gettext_lazy("Everything about people")),
            ("user.rights_changed", gettext_lazy("Roles given and taken back")),
            ("role.", gettext_lazy("What roles allow")),
            ("user.signed_in", gettext_lazy("Sign-ins")),
            ("user.sign_in_failed", gettext_lazy("Refused sign-ins")),
            ("user.device_revoked", gettext_lazy("Devices signed out")),
            ("user.viewing_begun", gettext_lazy("Looking as somebody else")),
            ("user.password_set", gettext_lazy("Passwords")),
            ("signin.guessed", gettext_lazy("Guessed passwords and codes")),
            ("user.deactivated", gettext_lazy("Closed accounts")),
            ("user.anonymised", gettext_lazy("Anonymised people")),
            ("user.merged", gettext_lazy("Merged people")),
            ("identityprovider.", gettext_lazy("Single sign-on")),
            ("invitation.", gettext_lazy("Invitations")),
            ("token.", gettext_lazy("API tokens")),
            ("team.", gettext_lazy("Teams")),
            ("organization.", gettext_lazy("Organisations")),
            ("site.", gettext_lazy("Sites")),
        ],
    ),
    (
        gettext_lazy("Setup"),
        [
            ("company.", gettext_lazy("Company")),
            ("queue.", gettext_lazy("Queues")),
            ("status.", gettext_lazy("Statuses")),
            ("type.", gettext_lazy("Types")),
            ("tag.", gettext_lazy("Tags")),
            ("reply.", gettext_lazy("Saved replies")),
            ("channel.", gettext_lazy("Channels")),
            ("mail_text.", gettext_lazy("Mail texts")),
            ("sender.", gettext_lazy("Senders")),
            ("signinprovider.", gettext_lazy("Sign-in providers")),
        ],
    ),
    (
        gettext_lazy("Mail"),
        [("inbound.", gettext_lazy("Received")), ("outbox.", gettext_lazy("Sent"))],
    ),
    (gettext_lazy("System"), [("backup.", gettext_lazy("Backups"))]),
]

#: field of the company → what to call it
COMPANY: dict[str, str | Promise] = {
    "name": gettext_lazy("name"),
    "logo": gettext_lazy("logo"),
    "icon": gettext_lazy("icon"),
    "accent": gettext_lazy("colour"),
    "support_address": gettext_lazy("support address"),
    "support_phone": gettext_lazy("support phone"),
    "signature": gettext_lazy("signature"),
    "language": gettext_lazy("language"),
    "time_zone": gettext_lazy("time zone"),
    "date_format": gettext_lazy("dates"),
    "footer_links": gettext_lazy("links in the footer"),
    "announcement": gettext_lazy("announcement"),
    "announced_until": gettext_lazy("end of the announcement"),
    "registration": gettext_lazy("who may make an account"),
    "guests": gettext_lazy("tickets without an account"),
    "phone_days": gettext_lazy("days on the phone"),
    "skipped_steps": gettext_lazy("first steps left out"),
    "undo_seconds": gettext_lazy("how long a reply may be taken back"),
    "ticket_link_days": gettext_lazy("how long links in mails open their ticket"),
    "tickets_per_sender": gettext_lazy("new tickets of one sender"),
    "demo": gettext_lazy("demo data"),
}


def _kinds_from(beginning: str) -> list[str]:
    """Every kind of event of one area, so that an index on kinds can serve it."""
    return sorted(kind for kind in known_kinds() if kind.startswith(beginning))


def known_kinds(of: type[Happened] = Happened) -> set[str]:
    """The kinds that the areas of this desk publish."""
    own = {of.kind} if "kind" in of.__dict__ else set()
    return own.union(*(known_kinds(each) for each in of.__subclasses__()))


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
        rows = rows.filter(kind__in=_kinds_from(kind) if kind.endswith(".") else [kind])
    if words := filters["person"].replace("\0", "").strip():
        rows = rows.filter(actor_kind="user", actor_id__in=_people_called(user, words))
    if about := filters["about"].replace("\0", ""):
        rows = rows.filter(_about(about, user))
    if since := filters["since"]:
        rows = rows.filter(at__gte=midnight(since))
    if until := filters["until"]:
        rows = rows.filter(at__lt=midnight(until + timedelta(days=1)))
    return rows


def _about(words: str, user: User) -> Q:
    """A ticket by its number, with or without #; else people by name or address."""
    ticket = Q(pk__in=[])
    if (digits := words.removeprefix("#")).isascii() and digits.isdigit() and len(digits) < 19:
        ticket = Q(about_kind="ticket", about_id__in=_tickets_numbered(int(digits)))
        if words.startswith("#"):
            return ticket
    return ticket | Q(about_kind="user", about_id__in=_people_called(user, words))


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
    #: (kind of what an administrator shapes, its id) → its name
    shaped: dict[tuple[str, int], str] = field(default_factory=dict)
    channels: dict[int, str] = field(default_factory=dict)
    teams: dict[int, str] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    role_names: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, happened: list[Event], user: User) -> _Names:
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
        return table.get(pk) or event.data.get("name") or _detail(event, "name"), number, None

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


def _identity_removed(event: Event, names: _Names) -> str:
    given = _detail(event, "given")
    return _("removed the address %(address)s") % {"address": given} if given else _("removed an address")


def _identity_undeliverable(event: Event, names: _Names) -> str:
    values = {"address": _detail(event, "given") or "–"}
    if event.data["undeliverable"]:
        return _("noted that mails to %(address)s come back") % values
    return _("noted that %(address)s is in use again") % values


def _titles(keys: list[str]) -> str:
    """Permissions by their names; one that is no more by its key."""
    known = {each.key: str(each.title) for group in permissions.GROUPS for each in group.permissions}
    return ", ".join(f"“{known.get(key, key)}”" for key in keys)


def _called(name: str) -> str:
    """A role's name, in the reader's language where it is one that came with Deskbell."""
    return _(name) if name else ""


def _scope(scope: str) -> str:
    return str(SCOPES[scope][0]) if scope in SCOPES else scope


def _role_added(event: Event, names: _Names) -> str:
    data = event.data
    name = {"name": _called(data["name"]), "from": _called(data["copied_from"])}
    said = _("made the role “%(name)s” like “%(from)s”") if name["from"] else _("made the role “%(name)s”")
    parts = [said % name, _("reaches: %(scope)s") % {"scope": _scope(data["scope"])}]
    if data["permissions"]:
        parts.append(_("may: %(what)s") % {"what": _titles(data["permissions"])})
    if data["second_factor"]:
        parts.append(_("needs a second factor"))
    return "; ".join(parts)


def _role_changed(event: Event, names: _Names) -> str:
    data, parts = event.data, []
    if data["after"]:
        parts.append(_("called it “%(name)s”") % {"name": _called(data["after"])})
    if data["added"]:
        parts.append(_("may now: %(what)s") % {"what": _titles(data["added"])})
    if data["removed"]:
        parts.append(_("may no longer: %(what)s") % {"what": _titles(data["removed"])})
    if data["scope"]:
        parts.append(_("reaches now: %(scope)s") % {"scope": _scope(data["scope"])})
    if data["second_factor"] is not None:
        needs = data["second_factor"]
        parts.append(_("needs a second factor now") if needs else _("needs no second factor any more"))
    said = ngettext(
        "changed the role “%(name)s” of %(people)s person: %(what)s",
        "changed the role “%(name)s” of %(people)s people: %(what)s",
        data["people"],
    )
    return said % {"name": _called(data["name"]), "people": data["people"], "what": "; ".join(parts)}


def _role_removed(event: Event, names: _Names) -> str:
    data = event.data
    if not data["to"]:
        return _("removed the role “%(name)s”") % {"name": _called(data["name"])}
    said = ngettext(
        "removed the role “%(name)s”; %(people)s person got “%(to)s” instead",
        "removed the role “%(name)s”; %(people)s people got “%(to)s” instead",
        data["people"],
    )
    return said % {"name": _called(data["name"]), "people": data["people"], "to": _called(data["to"])}


def _invited(event: Event, names: _Names) -> str:
    role, team = names.role(event.data["role"]), names.teams.get(event.data["team_id"])
    if team:
        return _("invited somebody as %(role)s in %(team)s") % {"role": role, "team": team}
    return _("invited somebody as %(role)s") % {"role": role}


def _token(event: Event, names: _Names) -> str:
    if event.data["read_only"]:
        return _("made the read-only API token “%(name)s”") % {"name": event.data["name"]}
    return _("made the API token “%(name)s”") % {"name": event.data["name"]}


#: column → what a reader calls it
FIELDS: dict[str, str | Promise] = {
    "access_notes": gettext_lazy("how to get in"),
    "active": gettext_lazy("in use"),
    "address": gettext_lazy("address"),
    "app_secret": gettext_lazy("App secret"),
    "auth_header": gettext_lazy("Header that carries the token"),
    "authserv_id": gettext_lazy("Name of the server in Authentication-Results"),
    "base_url": gettext_lazy("Address of the API"),
    "authorize_url": gettext_lazy("Address where people sign in"),
    "category": gettext_lazy("category"),
    "client_id": gettext_lazy("Client id"),
    "client_secret": gettext_lazy("Client secret"),
    "default": gettext_lazy("default of its category"),
    "domains": gettext_lazy("mail domains"),
    "flow": gettext_lazy("Who signs in"),
    "asks": gettext_lazy("whether it asks which ticket is meant"),
    "most_at_once": gettext_lazy("messages of one person within ten minutes"),
    "reads": gettext_lazy("whether it shows that messages were read"),
    "gateway": gettext_lazy("Address of another gateway"),
    "messages_per_day": gettext_lazy("Messages a day"),
    "people_per_hour": gettext_lazy("People an hour"),
    "reply_days": gettext_lazy("Days in which a customer may be answered"),
    "greets": gettext_lazy("whether it answers the first message"),
    "hours": gettext_lazy("opening hours"),
    "tells_hours": gettext_lazy("whether it tells the opening hours"),
    "incoming": gettext_lazy("how mails come in"),
    "label": gettext_lazy("label"),
    "language": gettext_lazy("language"),
    "latitude": gettext_lazy("latitude"),
    "longitude": gettext_lazy("longitude"),
    "mail_hosts": gettext_lazy("Mail servers"),
    "name": gettext_lazy("name"),
    "needs_approval": gettext_lazy("whether new people need an approval"),
    "notes": gettext_lazy("notes"),
    "notifications": gettext_lazy("notifications"),
    "organization": gettext_lazy("organisation"),
    "outgoing": gettext_lazy("how answers leave"),
    "phone": gettext_lazy("phone"),
    "photo": gettext_lazy("photo"),
    "plus_addresses": gettext_lazy("plus addresses"),
    "position": gettext_lazy("order"),
    "public": gettext_lazy("whether customers can choose it"),
    "push": gettext_lazy("mail service"),
    "queue": gettext_lazy("queue"),
    "scopes": gettext_lazy("Scopes"),
    "secret_expires_on": gettext_lazy("The secret ends on"),
    "sign_in": gettext_lazy("sign-in"),
    "site": gettext_lazy("site"),
    "slug": gettext_lazy("short name"),
    "team": gettext_lazy("team"),
    "tenant": gettext_lazy("Directory (tenant)"),
    "time_zone": gettext_lazy("time zone"),
    "token": gettext_lazy("Access token"),
    "token_url": gettext_lazy("Address that gives out tokens"),
    "verify_token": gettext_lazy("Verify token"),
    "version": gettext_lazy("Version"),
    "waba_id": gettext_lazy("WhatsApp Business Account ID"),
}


def _changed(event: Event) -> str:
    return ", ".join(str(FIELDS.get(name, name)) for name in event.data["fields"])


def _fields(event: Event, names: _Names) -> str:
    return _("changed %(fields)s") % {"fields": _changed(event)}


def _told(event: Event, names: _Names) -> str:
    return _("heard from WhatsApp: %(said)s") % {"said": said(event.data["said"])}


def _consent(event: Event, names: _Names) -> str:
    data = event.data
    if data["purpose"] == "marketing":
        return (
            _("agreed to advertising by WhatsApp") if data["given"] else _("wants no advertising by WhatsApp")
        )
    return _("agreed to notices by WhatsApp") if data["given"] else _("wants no notices by WhatsApp")


def _of(words: Any) -> Any:
    """A sentence with the name of what it was, and what changed of it."""

    def tell(event: Event, names: _Names) -> str:
        fields = _changed(event) if "fields" in event.data else ""
        return str(words) % {**event.data, "fields": fields}

    return tell


def _tag_merged(event: Event, names: _Names) -> str:
    return ngettext(
        "merged the tag “%(name)s” into “%(into)s” on %(tickets)s ticket",
        "merged the tag “%(name)s” into “%(into)s” on %(tickets)s tickets",
        event.data["tickets"],
    ) % {key: event.data[key] for key in ("name", "into", "tickets")}


def _tag_removed(event: Event, names: _Names) -> str:
    return ngettext(
        "removed the tag “%(name)s” from %(tickets)s ticket",
        "removed the tag “%(name)s” from %(tickets)s tickets",
        event.data["tickets"],
    ) % {key: event.data[key] for key in ("name", "tickets")}


def _company(event: Event, names: _Names) -> str:
    changed = [str(COMPANY.get(name, name)) for name in event.data["fields"]]
    return _("changed: %(what)s") % {"what": ", ".join(changed)}


def _sender_listed(event: Event, names: _Names) -> str:
    words = (
        _("blocked the sender %(sender)s")
        if event.data["list"] == SenderRule.Kind.BLOCK
        else _("put the sender %(sender)s on the list of the always welcome ones")
    )
    return words % {"sender": _detail(event, "given") or "–"}


def _sender_unlisted(event: Event, names: _Names) -> str:
    return _("took the sender %(sender)s from the list") % {"sender": _detail(event, "given") or "–"}


def _mail_text(words: str | Promise) -> Callable[[Event, _Names], str]:
    def said(event: Event, names: _Names) -> str:
        mail = MAILS.get(event.data["mail"])
        language = dict(settings.LANGUAGES).get(event.data["language"], event.data["language"])
        return str(words) % {"mail": mail.title if mail else event.data["mail"], "language": language}

    return said


def _channel_switched(event: Event, names: _Names) -> str:
    return _("switched the channel on") if event.data["on"] else _("switched the channel off")


def _link_changed(event: Event, names: _Names) -> str:
    words = LINKS.get(event.data["after"])
    return _("WhatsApp Web: %(state)s") % {"state": _(words) if words else _("linked and working")}


def _sending_paused(event: Event, names: _Names) -> str:
    return _("paused sending") if event.data["paused"] else _("let sending go on")


def _decided(event: Event, names: _Names) -> str:
    return _("decided on a received message: %(state)s (%(reason)s)") % {
        "state": _state(RECEIVED, event),
        "reason": event.data["reason"] or "–",
    }


def _delivery(event: Event, names: _Names) -> str:
    if event.data["error_code"]:
        return _("noted a message as %(state)s: %(code)s") % {
            "state": _state(SENT, event),
            "code": event.data["error_code"],
        }
    return _("noted a message as %(state)s") % {"state": _state(SENT, event)}


def _state(states: Mapping[str, tuple[Any, ...]], event: Event) -> object:
    """The state that `event` names, in words."""
    known = states.get(event.data["state"])
    return known[0] if known else event.data["state"]


def _sign_in(event: Event, names: _Names) -> str:
    return sign_in_line(event).sentence


def _membership(event: Event, names: _Names) -> str:
    if event.data["approved"]:
        return _("let somebody into an organisation")
    return _("refused somebody an organisation")


def _bulk(event: Event, names: _Names) -> str:
    number = event.data["tickets"]
    said = ngettext(
        "began a change of %(number)s ticket at once", "began a change of %(number)s tickets at once", number
    )
    return said % {"number": number}


def _bulk_undone(event: Event, names: _Names) -> str:
    number = event.data["tickets"]
    said = ngettext(
        "took back a change of %(number)s ticket", "took back a change of %(number)s tickets", number
    )
    return said % {"number": number}


def _reply(text: str) -> Any:
    return lambda event, names: _(text) % {"name": event.data["name"]}


def N_(text: str) -> str:
    """Marks a text for translation where it is used later."""
    return text


def _backup(event: Event, names: _Names) -> str:
    return _("made the backup %(file)s (%(size)s)") % {
        "file": event.data["file"],
        "size": file_size(event.data["size"]),
    }


def _failed_backup(event: Event, names: _Names) -> str:
    return _("could not make the backup of the night: %(reason)s") % {"reason": event.data["reason"]}


def _restored(event: Event, names: _Names) -> str:
    return _("brought the desk back from the backup %(file)s") % {"file": event.data["file"]}


def _second_factor_on(event: Event, names: _Names) -> str:
    if event.data["replaced"]:
        return _("moved the second factor to another app")
    return _("switched a second factor on")


def _viewing_begun(event: Event, names: _Names) -> str:
    minutes = event.data["minutes"]
    said = ngettext(
        "looks at the desk as the person, for %(minutes)s minute at most",
        "looks at the desk as the person, for %(minutes)s minutes at most",
        minutes,
    )
    return said % {"minutes": minutes}


def _provider(text: Any) -> Any:
    return lambda event, names: str(text) % {"provider": event.data["provider"]}


def _passkey(text: Any) -> Any:
    return lambda event, names: str(text) % {"name": _detail(event, "name") or "–"}


def _recovery_code_used(event: Event, names: _Names) -> str:
    left = event.data["left"]
    said = ngettext("used a recovery code, %(left)s is left", "used a recovery code, %(left)s are left", left)
    return said % {"left": left}


def _guessed(event: Event, names: _Names) -> str:
    target = _detail(event, "target") or "–"
    if event.data["what"] == "account":
        return _("slowed many wrong tries at the account %(account)s") % {"account": target}
    return _("slowed many wrong tries from the address %(address)s") % {"address": target}


def _plain(text: Any) -> Any:
    return lambda event, names: str(text)


def _other(text: Any, which: str) -> Any:
    """`text` with the name of the other person, whose id stands under `which`."""
    gone = gettext_lazy("somebody removed")
    return lambda event, names: str(text) % {"name": names.people.get(event.data[which], gone)}


WORDS: dict[str, Any] = {
    "bulk.started": _bulk,
    "bulk.undone": _bulk_undone,
    "reply.added": _reply(N_("saved the reply “%(name)s”")),
    "reply.changed": _reply(N_("changed the saved reply “%(name)s”")),
    "reply.removed": _reply(N_("removed the saved reply “%(name)s”")),
    "user.added": _plain(gettext_lazy("came to know the person")),
    "user.changed": _fields,
    "user.identity_added": _identity,
    "user.identity_removed": _identity_removed,
    "user.identity_undeliverable": _identity_undeliverable,
    "user.identity_verified": _plain(gettext_lazy("verified an address")),
    "user.password_set": _plain(gettext_lazy("set the password")),
    "user.second_factor_on": _second_factor_on,
    "user.second_factor_off": _plain(gettext_lazy("switched the second factor off")),
    "user.passkey_added": _passkey(gettext_lazy("added the passkey “%(name)s”")),
    "user.passkey_renamed": _passkey(gettext_lazy("named a passkey “%(name)s”")),
    "user.passkey_removed": _passkey(gettext_lazy("removed the passkey “%(name)s”")),
    "user.provider_linked": _provider(gettext_lazy("signed in at %(provider)s for the first time")),
    "user.provider_unlinked": _provider(gettext_lazy("parted the account from %(provider)s")),
    "identityprovider.added": _of(gettext_lazy("added the identity provider “%(name)s”")),
    "identityprovider.changed": _of(gettext_lazy("changed the identity provider “%(name)s”: %(fields)s")),
    "identityprovider.removed": _of(gettext_lazy("removed the identity provider “%(name)s”")),
    "user.viewing_begun": _viewing_begun,
    "user.viewing_ended": _plain(gettext_lazy("stopped looking at the desk as the person")),
    "user.second_factor_reset": _plain(gettext_lazy("took away the lost second factor")),
    "user.recovery_codes_made": _plain(gettext_lazy("made new recovery codes")),
    "user.recovery_code_used": _recovery_code_used,
    "user.recovery_link_made": _plain(gettext_lazy("printed a link for somebody locked out")),
    "user.recovered": _plain(gettext_lazy("got in again by the link")),
    "signin.guessed": _guessed,
    "user.rights_changed": _rights,
    "role.added": _role_added,
    "role.changed": _role_changed,
    "role.removed": _role_removed,
    "user.deactivated": _plain(gettext_lazy("closed the account")),
    "user.anonymised": _plain(gettext_lazy("anonymised the person")),
    "user.merged": _other(gettext_lazy("merged the person into %(name)s"), "target_id"),
    "user.took_over": _other(gettext_lazy("merged %(name)s into the person"), "source_id"),
    "user.unmerged": _other(gettext_lazy("undid the merge of the person into %(name)s"), "target_id"),
    "user.gave_back": _other(gettext_lazy("undid the merge of %(name)s into the person"), "source_id"),
    "user.reactivated": _plain(gettext_lazy("opened the account again")),
    "user.signed_in": _sign_in,
    "user.sign_in_failed": _sign_in,
    "user.signed_out": _sign_in,
    "user.device_revoked": _sign_in,
    "user.data_exported": _plain(gettext_lazy("fetched all that is kept about the person")),
    "invitation.sent": _invited,
    "invitation.accepted": _plain(gettext_lazy("accepted the invitation")),
    "invitation.withdrawn": _plain(gettext_lazy("withdrew the invitation")),
    "user.membership_asked": _plain(gettext_lazy("asked to belong to an organisation")),
    "user.membership_decided": _membership,
    "token.created": _token,
    "token.revoked": _of(gettext_lazy("revoked the API token “%(name)s”")),
    "organization.added": _plain(gettext_lazy("added the organisation")),
    "organization.changed": _fields,
    "company.changed": _company,
    "firstlink.made": _plain(gettext_lazy("printed a link for the first administrator")),
    "firstlink.used": _plain(gettext_lazy("became the first administrator by the link")),
    "sender.listed": _sender_listed,
    "sender.unlisted": _sender_unlisted,
    "mail_text.changed": _mail_text(gettext_lazy("changed the mail “%(mail)s” (%(language)s)")),
    "mail_text.reset": _mail_text(gettext_lazy("reset the mail “%(mail)s” (%(language)s)")),
    "channel.added": _plain(gettext_lazy("added the channel")),
    "channel.changed": _of(gettext_lazy("changed the channel: %(fields)s")),
    "channel.subscribed": _plain(gettext_lazy("subscribed the app to the WhatsApp account")),
    "channel.template_submitted": _of(
        gettext_lazy("sent the WhatsApp template %(template)s (%(language)s) for approval")
    ),
    "channel.switched": _channel_switched,
    "channel.risk_accepted": _plain(
        gettext_lazy("accepted for the company that WhatsApp may block the number")
    ),
    "channel.link_changed": _link_changed,
    "channel.sending_restricted": _plain(gettext_lazy("was restricted by WhatsApp: nothing leaves by it")),
    "channel.sending_paused": _sending_paused,
    "channel.same_text_stopped": _plain(
        gettext_lazy("stopped a text that was about to go to too many people")
    ),
    "channel.removed": _plain(gettext_lazy("removed the channel")),
    "user.chat_link_made": _plain(gettext_lazy("made a link to chat by WhatsApp")),
    "user.consent_changed": _consent,
    "channel.told": _told,
    "channel.fetched_again": _plain(
        gettext_lazy("asked the mail server again for a mail it could not hand out")
    ),
    "channel.signed_in": _plain(gettext_lazy("signed in at the mail provider")),
    "channel.sign_in_needed": _of(gettext_lazy("was refused by its mail provider: %(said)s")),
    "signinprovider.added": _plain(gettext_lazy("added the sign-in provider")),
    "signinprovider.changed": _of(gettext_lazy("changed the sign-in provider: %(fields)s")),
    "signinprovider.removed": _plain(gettext_lazy("removed the sign-in provider")),
    "inbound.decided": _decided,
    "inbound.replayed": _plain(gettext_lazy("sent a received message through intake again")),
    "outbox.delivery": _delivery,
    "outbox.failed": _plain(gettext_lazy("gave a message up")),
    "outbox.retried": _plain(gettext_lazy("sent a message again that had not arrived")),
    "invitation.sent_again": _plain(gettext_lazy("sent the invitation again")),
    "organization.removed": _plain(gettext_lazy("removed the organisation")),
    "site.added": _of(gettext_lazy("added the site “%(name)s”")),
    "site.changed": _of(gettext_lazy("changed the site “%(name)s”: %(fields)s")),
    "site.removed": _of(gettext_lazy("removed the site “%(name)s”")),
    "team.added": _of(gettext_lazy("added the team “%(name)s”")),
    "team.changed": _of(gettext_lazy("changed the team “%(name)s”: %(fields)s")),
    "team.removed": _of(gettext_lazy("removed the team “%(name)s”")),
    "queue.added": _of(gettext_lazy("added the queue “%(name)s”")),
    "queue.changed": _of(gettext_lazy("changed the queue “%(name)s”: %(fields)s")),
    "queue.removed": _of(gettext_lazy("removed the queue “%(name)s”")),
    "status.added": _of(gettext_lazy("added the status “%(name)s”")),
    "status.changed": _of(gettext_lazy("changed the status “%(name)s”: %(fields)s")),
    "status.removed": _of(gettext_lazy("removed the status “%(name)s”")),
    "type.added": _of(gettext_lazy("added the type “%(name)s”")),
    "type.changed": _of(gettext_lazy("changed the type “%(name)s”: %(fields)s")),
    "type.removed": _of(gettext_lazy("removed the type “%(name)s”")),
    "tag.renamed": _of(gettext_lazy("renamed the tag “%(name)s” to “%(after)s”")),
    "tag.merged": _tag_merged,
    "tag.removed": _tag_removed,
    "demo.made": _plain(gettext_lazy("made the demo company")),
    "backup.made": _backup,
    "backup.failed": _failed_backup,
    "backup.restored": _restored,
}
