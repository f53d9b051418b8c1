"""What happened to a ticket, in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import CharField, Value
from django.db.models.functions import Cast
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from deskbell.events.models import Event, EventDetail
from deskbell.kit.time import exact
from deskbell.people.models import Site, Team, User
from deskbell.people.queries import name_for
from deskbell.tickets import events
from deskbell.tickets.models import Priority, Queue, Source, Status, Ticket, TicketType

_PERSON_FIELDS = {
    events.Assigned.kind: ("before", "after"),
    events.Watched.kind: ("user_id",),
    events.Unwatched.kind: ("user_id",),
    events.CopyAdded.kind: ("user_id",),
    events.CopyRemoved.kind: ("user_id",),
}


_TICKET_FIELDS = ("follow_up_of", "split_from", "target_id", "source_id")

#: (kind, slug of a status or id of the others as text) → name
Labels = dict[tuple[str, str], str]


@dataclass
class Names:
    """Names behind the ids in a batch of events."""

    people: dict[int, str] = field(default_factory=dict)
    #: of people copied in, as the reader may know them
    copied: dict[int, str] = field(default_factory=dict)
    tickets: dict[int, int] = field(default_factory=dict)
    sites: dict[int, str] = field(default_factory=dict)
    labels: Labels = field(default_factory=dict)

    @classmethod
    def of(cls, happened: list[Event], *, reader: User | None = None, labels: Labels | None = None) -> Names:
        """`reader` is the customer who will read them; staff know everybody by name. `labels`, if the caller
        has them, saves a query.
        """
        people: set[int | None] = {e.actor_id for e in happened if e.actor_kind == "user"}
        for event in happened:
            people |= {event.data.get(name) for name in _PERSON_FIELDS.get(event.kind, ())}
        tickets = {e.data.get(key) for e in happened for key in _TICKET_FIELDS} - {None}
        sites = {e.data["after"] for e in happened if e.kind == events.SiteChanged.kind} - {None}
        known = {pk for pk in people if pk}
        users = list(User.objects.filter(pk__in=known)) if known else []
        return cls(
            people={user.pk: user.display_name for user in users},
            copied={user.pk: name_for(reader, user) if reader else user.display_name for user in users},
            tickets=dict(Ticket.objects.filter(pk__in=tickets).values_list("pk", "number"))
            if tickets
            else {},
            sites=dict(Site.objects.filter(pk__in=sites).values_list("pk", "name")) if sites else {},
            labels=labels or (_labels() if any(e.kind in _LABELLED for e in happened) else {}),
        )

    def actor(self, event: Event) -> str:
        """The person's name, or the desk itself."""
        return self.person(event.actor_id) if event.actor_kind == "user" else _("Deskbell")

    def person(self, pk: int | None) -> str:
        return self.people.get(pk, _("somebody removed")) if pk else _("nobody")

    def copy(self, pk: int) -> str:
        return self.copied.get(pk, _("somebody removed"))

    def label(self, kind: str, key: object) -> str:
        return self.labels.get((kind, str(key)), _("none") if key is None else str(key))


_LABELLED = {
    events.StatusChanged.kind,
    events.QueueChanged.kind,
    events.TeamChanged.kind,
    events.TypeChanged.kind,
}


def _labels() -> Labels:
    """Names of all statuses, queues, teams and types, in one query."""

    def rows(model, kind: str, key: str, name: str):
        text = CharField()
        return model.objects.order_by().values_list(Value(kind, text), Cast(key, text), Cast(name, text))

    every = rows(Status, "status", "slug", "label").union(
        rows(Queue, "queue", "pk", "name"),
        rows(Team, "team", "pk", "name"),
        rows(TicketType, "type", "pk", "name"),
        all=True,
    )
    return {(kind, key): _(name) for kind, key, name in every}


def sentence(event: Event, names: Names) -> str:
    """A plain sentence without its subject, e.g. "changed the priority from Low to High"."""
    tell = _SENTENCES.get(event.kind)
    return tell(event.data, names, event) if tell else event.kind


def _opened(data: dict, names: Names, event: Event) -> str:
    if number := names.tickets.get(data.get("follow_up_of") or 0):
        return _("opened the ticket as a follow-up of #%(number)s") % {"number": number}
    if number := names.tickets.get(data.get("split_from") or 0):
        return _("split the ticket off #%(number)s") % {"number": number}
    source = dict(Source.choices).get(data["source"], data["source"])
    return _("opened the ticket (%(source)s)") % {"source": source}


def _status(data: dict, names: Names, event: Event) -> str:
    return _("changed the status from %(before)s to %(after)s") % {
        "before": names.label("status", data["before"]),
        "after": names.label("status", data["after"]),
    }


def _assigned(data: dict, names: Names, event: Event) -> str:
    if data["after"] is None:
        return _("took the ticket from %(name)s") % {"name": names.person(data["before"])}
    if event.actor_kind == "user" and event.actor_id == data["after"]:
        return _("took the ticket")
    return _("assigned the ticket to %(name)s") % {"name": names.person(data["after"])}


def _priority(data: dict, names: Names, event: Event) -> str:
    labels = dict(Priority.choices)
    return _("changed the priority from %(before)s to %(after)s") % {
        "before": labels.get(data["before"], data["before"]),
        "after": labels.get(data["after"], data["after"]),
    }


def _moved(kind: str, text: str):
    def tell(data: dict, names: Names, event: Event) -> str:
        return _(text) % {
            "before": names.label(kind, data["before"]),
            "after": names.label(kind, data["after"]),
        }

    return tell


def _due(data: dict, names: Names, event: Event) -> str:
    if data["after"] is None:
        return _("removed the due date")
    return _("set the due date to %(date)s") % {"date": exact(datetime.fromisoformat(data["after"]))}


def _site(data: dict, names: Names, event: Event) -> str:
    if data["after"] is None:
        return _("removed the site")
    name = names.sites.get(data["after"], _("a site that was removed"))
    return _("set the site to %(name)s") % {"name": name}


def _subject(data: dict, names: Names, event: Event) -> str:
    try:
        before = event.detail.values["before"]
    except EventDetail.DoesNotExist:
        return _("changed the subject")
    return _("changed the subject from “%(before)s”") % {"before": before}


def _tags(data: dict, names: Names, event: Event) -> str:
    added, removed = ", ".join(data["added"]), ", ".join(data["removed"])
    parts = []
    if added:
        parts.append(
            ngettext("added the tag %(tags)s", "added the tags %(tags)s", len(data["added"]))
            % {"tags": added}
        )
    if removed:
        parts.append(
            ngettext("removed the tag %(tags)s", "removed the tags %(tags)s", len(data["removed"]))
            % {"tags": removed}
        )
    return ", ".join(parts)


def _copy(text: str):
    def tell(data: dict, names: Names, event: Event) -> str:
        return _(text) % {"name": names.copy(data["user_id"])}

    return tell


def _forwarded(data: dict, names: Names, event: Event) -> str:
    try:
        to = event.detail.values["to"]
    except EventDetail.DoesNotExist:
        return _("forwarded it")
    return _("forwarded it to %(addresses)s") % {"addresses": ", ".join(to)}


def _either(forward: str, reply: str):
    return lambda data, names, event: _(forward if data.get("forward") else reply)


def _sent(data: dict) -> str:
    return _("sent a forward") if data.get("forward") else _("sent a reply")


_RETURNED = {
    "file": lambda: _("gave the reply back as a draft: a file of it was gone"),
    "ended": lambda: _("gave a waiting reply back as a draft: the ticket was ended"),
    "merged": lambda: _("gave a waiting reply back as a draft: the ticket was merged"),
}


def _linked(data: dict, names: Names, event: Event) -> str:
    number = names.tickets.get(data["target_id"], "?")
    if data["link_kind"] == "follow_up":
        return _("linked it to #%(number)s, of which it is a follow-up") % {"number": number}
    return _("linked it to #%(number)s") % {"number": number}


def _merged(data: dict, names: Names, event: Event) -> str:
    return _("merged the ticket into #%(number)s") % {"number": names.tickets.get(data["target_id"], "?")}


def _left(data: dict, names: Names, event: Event) -> str:
    return ngettext(
        "moved %(num)s message to #%(number)s", "moved %(num)s messages to #%(number)s", len(data["messages"])
    ) % {"num": len(data["messages"]), "number": names.tickets.get(data["target_id"], "?")}


def _came(data: dict, names: Names, event: Event) -> str:
    said = {"num": len(data["messages"]), "number": names.tickets.get(data["source_id"], "?")}
    if data["how"] == "merge":
        return _("merged #%(number)s into this ticket") % said
    if data["how"] == "undo":
        return _("undid the merge into #%(number)s") % said
    text = ngettext(
        "moved %(num)s message here from #%(number)s",
        "moved %(num)s messages here from #%(number)s",
        len(data["messages"]),
    )
    return text % said


def _redacted(data: dict, names: Names, event: Event) -> str:
    what = (
        _("removed a file for ever")
        if data["attachment_id"]
        else _("removed the words of a message for ever")
    )
    return f"{what}: {data['reason']}" if data["reason"] else what


def _reacted(data: dict, names: Names, event: Event) -> str:
    if not data["sign"]:
        return _("the customer took a reaction back") if data["theirs"] else _("took a reaction back")
    text = _("the customer reacted with %(sign)s") if data["theirs"] else _("reacted with %(sign)s")
    return text % {"sign": data["sign"]}


def _revised(data: dict, names: Names, event: Event) -> str:
    if event.actor_kind != "user":  # one of ours, on the phone that has the number
        gone = _("noted that a message was deleted on our phone")
        return gone if data["gone"] else _("noted that a message was changed on our phone")
    return _("deleted a message on WhatsApp") if data["gone"] else _("changed a message on WhatsApp")


def _placed(data: dict, names: Names, event: Event) -> str:
    texts = {
        "customer": _("put a message here, as the customer said which ticket he means"),
        "agent": _("put a message of the customer here"),
        "time": _("put a message here: the customer did not say which ticket he means"),
    }
    return texts[data["how"]]


def _plain(text: str):
    return lambda data, names, event: _(text)


def N_(text: str) -> str:
    """Marks a text for translation where it is used later."""
    return text


_SENTENCES = {
    events.Opened.kind: _opened,
    events.MessageAdded.kind: _plain(N_("wrote")),
    events.Forwarded.kind: _forwarded,
    events.SupplierAnswered.kind: _plain(N_("answered what was forwarded")),
    events.ReplyHeld.kind: lambda data, names, event: (
        _("wrote a reply that waits until the customer writes") if data.get("waits") else _sent(data)
    ),
    events.ReplyTakenBack.kind: _either(
        N_("took the forward back before it left"), N_("took the reply back before it left")
    ),
    events.ReplyReturned.kind: lambda data, names, event: _RETURNED[data.get("why", "file")](),
    events.StatusChanged.kind: _status,
    events.Assigned.kind: _assigned,
    events.PriorityChanged.kind: _priority,
    events.QueueChanged.kind: _moved("queue", N_("moved the ticket from %(before)s to %(after)s")),
    events.TeamChanged.kind: _moved("team", N_("changed the team from %(before)s to %(after)s")),
    events.TypeChanged.kind: _moved("type", N_("changed the type from %(before)s to %(after)s")),
    events.DueChanged.kind: _due,
    events.SiteChanged.kind: _site,
    events.SubjectChanged.kind: _subject,
    events.TagsChanged.kind: _tags,
    events.Watched.kind: _plain(N_("follows the ticket")),
    events.Unwatched.kind: _plain(N_("follows the ticket no longer")),
    events.CopyAdded.kind: _copy(N_("copied in %(name)s")),
    events.CopyRemoved.kind: _copy(N_("removed %(name)s from the copies")),
    events.Trashed.kind: _plain(N_("moved the ticket to the trash")),
    events.Restored.kind: _plain(N_("restored the ticket from the trash")),
    events.PassMade.kind: _plain(N_("sent a link that opens this ticket without a sign-in")),
    events.PassesRevoked.kind: _plain(N_("ended the links that open this ticket without a sign-in")),
    events.MarkedSpam.kind: _plain(N_("marked the ticket as spam")),
    events.UnmarkedSpam.kind: _plain(N_("marked the ticket as no spam")),
    events.Deleted.kind: _plain(N_("deleted the ticket for ever")),
    events.FileArrived.kind: _plain(N_("a file came after its message")),
    events.Reacted.kind: _reacted,
    events.MessageRevised.kind: _revised,
    events.MessageParked.kind: _plain(N_("a message waits until it is known which ticket it is about")),
    events.MessagePlaced.kind: _placed,
    events.NoteEdited.kind: _plain(N_("edited a note")),
    events.Redacted.kind: _redacted,
    events.Linked.kind: _linked,
    events.Merged.kind: _merged,
    events.MessagesLeft.kind: _left,
    events.MessagesCame.kind: _came,
}
