"""What the pages of the desk read, in as few statements as they can."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from deskbell.channels.actions import consent
from deskbell.channels.actions.fallback import WAY, Fallback, NoFallback, fallback_of, number_of
from deskbell.channels.chats import numbers_of
from deskbell.channels.email.subjects import plain
from deskbell.channels.models import Channel, ParkedMessage, TicketQuestion
from deskbell.channels.queries import waiting_count, waiting_questions
from deskbell.channels.whatsapp.asking import PATIENCE
from deskbell.channels.whatsapp_web.words import CONNECTING, trouble_of
from deskbell.events.models import Event
from deskbell.kit.chats import phone_of
from deskbell.kit.compiled import Compiled, Place
from deskbell.people.models import Identity, Site, User
from deskbell.people.permissions import DESK
from deskbell.people.rights import Reach, rights_of
from deskbell.tickets import queries, rules
from deskbell.tickets.actions.merging import can_be_undone, merge_of
from deskbell.tickets.actions.properties import EVENT_OF
from deskbell.tickets.listing import COUNT_CAP, counts
from deskbell.tickets.models import (
    ACTIVE_CATEGORIES,
    Attachment,
    Category,
    Draft,
    HeldReply,
    Message,
    Tag,
    Ticket,
    TicketLink,
)
from deskbell.tickets.pointers import final
from deskbell.tickets.reach import any_of, arms_within, desk_arms

RULES = (
    "reply",
    "forward",
    "note",
    "status",
    "classify",
    "edit",
    "assign",
    "claim",
    "watch",
    "trash",
    "spam",
    "delete",
    "redact",
    "copy",
    "end_links",
    "merge",
)
OTHERS_SHOWN = 8
TAGS_OFFERED = 200
AUDIT_PAGE = 100
#: questions on the page of what waits for its ticket: none waits for longer than a quarter of an hour
PARKED_SHOWN = 100
#: a ticket of one subject may belong to one that moved so shortly before
ALIKE_WITHIN = timedelta(days=7)
ALIKE_AMONG = 50


def ticket_for_page(user: User, number: int) -> Ticket:
    """What `user` reaches at the desk. With `tag_names`, `undeliverable_at` of its requester's address,
    `draft_reply`, `draft_note` and `draft_at` of `user`, and whether a reply `is_held`; names of its status,
    team and type are those of `choices`. Raises Ticket.DoesNotExist.
    """
    reach = rights_of(user).reach(DESK)
    found = [] if reach.nothing else _for_page(reach)(user.pk, number)
    if not found:
        raise Ticket.DoesNotExist
    return found[0]


@lru_cache(maxsize=512)
def _for_page(reach: Reach) -> Compiled[Ticket]:
    """The ticket of a number, for somebody with this reach: nothing else of him is in the statement."""

    def build(user: Place, number: Place) -> QuerySet[Ticket]:
        address = Identity.objects.filter(user=OuterRef("requester"), kind=Identity.Kind.EMAIL, primary=True)
        drafts = Draft.objects.filter(user=user.expression, ticket=OuterRef("pk"))
        tags = Tag.objects.filter(tickets=OuterRef("pk")).order_by("name")
        return (
            Ticket.objects.filter(any_of(arms_within(reach, user.expression)), number=number.expression)
            .select_related("requester", "organization", "queue", "assignee")
            .annotate(
                tag_names=ArraySubquery(tags.values("name")),
                undeliverable_at=Subquery(address.values("undeliverable_at")[:1]),
                draft_reply=Subquery(drafts.filter(kind="reply").values("text")[:1]),
                draft_note=Subquery(drafts.filter(kind="note").values("text")[:1]),
                is_held=Exists(HeldReply.objects.filter(ticket=OuterRef("pk"))),
                draft_at=Subquery(drafts.order_by("-kind").values("updated_at")[:1]),  # a reply before a note
            )
        )

    return Compiled(build, 2)


@dataclass(frozen=True)
class Chat:
    """The chat in which a customer is answered: until when he can be, and the number of ours he writes to.

    `phone` are the digits of his number where it is known; `days` how long it is open after a message of his;
    `linked` says that our number is a linked device (WhatsApp Web), `problem` why nothing leaves by that and
    `fallback` by which other number he can be answered meanwhile.
    """

    is_open: bool
    until: datetime | None
    address: str
    number: str
    phone: str = ""
    days: int = 1
    linked: bool = False
    problem: str = ""
    #: the problem may be over in a moment
    passing: bool = False
    #: nothing can leave by our number now
    down: bool = False
    #: he wants no templates
    stopped: bool = False
    #: when something of this changes by itself
    turns_at: datetime | None = None
    fallback: Fallback | None = None

    @property
    def link(self) -> str:
        """His chat in the reader's own WhatsApp."""
        return f"https://wa.me/{self.phone}" if self.phone else ""

    @property
    def usual_way(self) -> str:
        """The way of MessageForm that is chosen unless the writer says otherwise; empty: as ever."""
        return WAY if self.fallback and self.fallback.is_open and not self.passing else ""


def chat_of(ticket: Ticket) -> Chat | None:
    conversation = ticket.conversation
    if conversation is None:
        return None
    channel = Channel.objects.select_related("device").filter(pk=conversation.channel_id).first()
    linked = channel is not None and channel.kind == Channel.Kind.WHATSAPP_WEB
    problem = trouble_of(channel) if channel and linked else ""
    instead = _fallback(ticket) if problem else None
    turns = [conversation.closes_at if conversation.is_open else None, instead.closes_at if instead else None]
    turns += [channel.device.until] if channel and linked and channel.device.is_restricted else []
    return Chat(
        conversation.is_open,
        conversation.open_until,
        conversation.address,
        channel.name if channel else "WhatsApp",
        phone=phone_of(conversation.address) or (number_of(ticket.requester_id) if linked else ""),
        days=conversation.open_days,
        linked=linked,
        problem=problem,
        passing=bool(problem) and problem == CONNECTING,
        down=bool(problem) or channel is None or channel.state != Channel.State.OK,
        stopped=consent.is_stopped(
            instead.conversation if instead and instead.conversation else conversation
        ),
        turns_at=min((each for each in turns if each and each > timezone.now()), default=None),
        fallback=instead,
    )


def _fallback(ticket: Ticket) -> Fallback | None:
    try:
        return fallback_of(ticket)
    except NoFallback:
        return None


def name_numbers(ticket: Ticket, entries: list[queries.Entry]) -> None:
    """Note at each message by which of our numbers it came or left, where there are several."""
    said = [each for each in entries if each.message]
    left = {each.message.pk: item.channel_id for each in said if each.message for item in each.deliveries}
    sent_by = {pk: channel_id for pk, channel_id in left.items() if channel_id}
    names = numbers_of(ticket, [each.message for each in said if each.message], sent_by)
    for each in said:
        each.number = names.get(each.message.pk, "") if each.message else ""


@dataclass(frozen=True)
class Parked:
    """What a customer wrote without saying which of his tickets he means; `offered` are those, in order, as
    far as the reader reaches them, and `answers` those of them where he may answer.
    """

    question: TicketQuestion
    messages: list[Message]
    offered: list[Ticket]
    answers: list[Ticket]

    @property
    def until(self) -> datetime:
        return self.question.asked_at + PATIENCE


def parked_of(ticket: Ticket, user: User) -> Parked | None:
    """Only where the customer was offered `ticket`; of the others those that `user` reaches."""
    if ticket.conversation_id is None:
        return None
    open_one = TicketQuestion.objects.filter(settled_at=None)  # of whichever chat: there are few
    question = open_one.filter(offered__contains=[ticket.pk]).first()
    return _parked([question], user)[0] if question else None


def all_parked(user: User) -> list[Parked]:
    """Everything that waits for its ticket and `user` may read, the first first."""
    return _parked(list(waiting_questions(user).order_by("asked_at", "pk")[:PARKED_SHOWN]), user)


def _parked(questions: list[TicketQuestion], user: User) -> list[Parked]:
    files = Attachment.objects.filter(message=OuterRef("pk")).order_by().values("message")
    counted = Coalesce(Subquery(files.annotate(n=Count("pk")).values("n")), 0)
    rows = ParkedMessage.objects.filter(question__in=questions)
    asked_in = dict(rows.values_list("message_id", "question_id"))
    waiting = Message.objects.filter(pk__in=asked_in).select_related("author").annotate(files=counted)
    said: dict[int, list[Message]] = {each.pk: [] for each in questions}
    for message in waiting.order_by("pk"):
        said[asked_in[message.pk]].append(message)
    reached = Ticket.objects.filter(any_of(desk_arms(user)), trashed_at=None).select_related("queue")
    seen = reached.in_bulk([pk for each in questions for pk in each.offered])
    found = []
    for each in questions:
        offered = [seen[pk] for pk in each.offered if pk in seen]
        answers = [ticket for ticket in offered if rules.may(user, "reply", ticket)]
        found.append(Parked(each, said[each.pk], offered, answers))
    return found


def box_counts(user: User, *, also: tuple[str, ...] = ()) -> dict[str, int]:
    """As tickets.listing.counts, and how many chats wait for their ticket (`parked`)."""
    return counts(user, also=also) | {"parked": waiting_count(user, most=COUNT_CAP)}


def rights_at(user: User, ticket: Ticket) -> dict[str, bool]:
    """Rule → whether it lets `user` at `ticket`."""
    return {rule: rules.may(user, rule, ticket) for rule in RULES}


@dataclass(frozen=True)
class Part:
    """`whole` is the ticket of which another is part, if it may be seen."""

    whole: Ticket | None
    undoable: bool


def part_of(user: User, ticket: Ticket) -> Part | None:
    """Where a ticket went that was merged; None for any other."""
    if ticket.merged_into_id is None:
        return None
    whole = Ticket.objects.visible_to(user, trashed=True).filter(pk=final(ticket).pk).first()
    return Part(whole, can_be_undone(merge_of(ticket)) and rules.may(user, "merge", ticket))


@dataclass(frozen=True)
class Around:
    """What stands beside a ticket: how to reach its requester, sites, his other open tickets, links, tags;
    `alike` is an older one that may be about the same.
    """

    phones: list[str]
    sites: list[Site]
    others: list[Ticket]
    links: list[tuple[str, Ticket]]
    tags: list[str]
    alike: Ticket | None


def around(user: User, ticket: Ticket) -> Around:
    visible = Ticket.objects.visible_to(user).select_related("status")
    others = visible.filter(requester=ticket.requester_id, category__in=ACTIVE_CATEGORIES, spam=False)
    kinds = (Identity.Kind.PHONE, Identity.Kind.WA_ID)
    phones = Identity.objects.filter(user=ticket.requester_id, kind__in=kinds).order_by("pk")
    linked = _links(visible, ticket)
    return Around(
        phones=_each_once(phones.values_list("key", "given")),
        sites=_sites(ticket) if ticket.organization_id else [],
        others=list(others.exclude(pk=ticket.pk).order_by("-updated_at", "-pk")[:OTHERS_SHOWN]),
        links=linked,
        alike=_alike(visible, ticket) if not linked and ticket.category == Category.NEW else None,
        tags=list(Tag.objects.order_by("name").values_list("name", flat=True)[:TAGS_OFFERED]),
    )


def _each_once(phones: Iterable[tuple[str, str]]) -> list[str]:
    """A number that is a phone's and a chat's is one number, shown as it was given first."""
    given: dict[str, str] = {}
    for key, shown in phones:
        given.setdefault(key.lstrip("+"), shown)
    return list(given.values())


def _alike(visible: QuerySet[Ticket], ticket: Ticket) -> Ticket | None:
    """The requester's latest ticket of the same subject with news in the week before; no machine's notices:
    those repeat themselves.
    """
    earlier = visible.filter(requester=ticket.requester_id, spam=False, pk__lt=ticket.pk)
    recent = earlier.filter(updated_at__gt=ticket.created_at - ALIKE_WITHIN).order_by("-pk")[:ALIKE_AMONG]
    found = next((each for each in recent if plain(each.subject) == plain(ticket.subject)), None)
    if found is None:
        return None
    automatic = Message.objects.filter(ticket=ticket, kind=Message.Kind.AUTO).order_by("pk")
    return None if automatic.exists() else found


def _sites(ticket: Ticket) -> list[Site]:
    """Those of its organisation that are still offered, and the one it has."""
    offered = Q(active=True) | Q(pk=ticket.site_id)
    return list(Site.objects.filter(offered, organization=ticket.organization_id).order_by("name"))


def _links(visible: QuerySet[Ticket], ticket: Ticket) -> list[tuple[str, Ticket]]:
    """What the other ticket is to this one, and the other ticket, as far as it may be seen."""
    links = list(TicketLink.objects.filter(Q(ticket=ticket) | Q(target=ticket)).order_by("pk"))
    ids = {link.target_id if link.ticket_id == ticket.pk else link.ticket_id for link in links}
    seen = {other.pk: other for other in visible.filter(pk__in=ids)} if ids else {}
    said = [(_("Part of this"), other) for other in visible.filter(merged_into=ticket).order_by("pk")]
    for link in links:
        newer = link.ticket_id == ticket.pk
        if other := seen.get(link.target_id if newer else link.ticket_id):
            said.append((_relation(link.kind, newer), other))
    return said


def _relation(kind: str, newer: bool) -> str:
    """What the other ticket is to this one, which is the newer of both or not."""
    if kind == TicketLink.Kind.FOLLOW_UP:
        return _("Follow-up of") if newer else _("Followed up by")
    if kind == TicketLink.Kind.SPLIT:
        return _("Split off from") if newer else _("Split off")
    return _("Related")


def last_change(ticket: Ticket, properties: set[str]) -> queries.Entry | None:
    """Who changed one of `properties` last, and how."""
    kinds = [EVENT_OF[name] for name in properties]
    event = queries.trail(ticket, staff=True).filter(kind__in=kinds).order_by("-id").first()
    return queries.described([event])[0] if event else None


def audit(ticket: Ticket, *, before: int | None = None) -> tuple[list[queries.Entry], int | None]:
    """Every event about the ticket, newest first, and the `before` of the next page or None."""
    rows = queries.trail(ticket, staff=True)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found: list[Event] = list(rows.order_by("-id")[: AUDIT_PAGE + 1])
    return queries.described(found[:AUDIT_PAGE]), found[AUDIT_PAGE - 1].pk if len(
        found
    ) > AUDIT_PAGE else None
