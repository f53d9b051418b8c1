"""Everything that happens to a ticket. Properties one can change carry the version they made."""

from __future__ import annotations

from dataclasses import dataclass

from deskbell.events.kinds import Happened


@dataclass(frozen=True, kw_only=True)
class Opened(Happened):
    kind = "ticket.opened"
    audience = "public"
    number: int
    source: str
    requester_id: int
    message_id: int | None
    follow_up_of: int | None = None
    #: the customer is told that we have it
    tell: bool = True
    #: what came in was written by a machine
    automatic: bool = False
    #: it began with messages of that ticket
    split_from: int | None = None


@dataclass(frozen=True, kw_only=True)
class MessageAdded(Happened):
    kind = "ticket.message_added"
    message_id: int
    visibility: str
    direction: str
    message_kind: str = "human"
    #: the first message of its ticket is announced by `Opened`
    first: bool = False

    def heard_by(self) -> str:
        return "public" if self.visibility == "public" else "staff"


@dataclass(frozen=True, kw_only=True)
class Forwarded(Happened):
    """Messages and files went to the addresses `to`; `messages` and `files` are their ids."""

    kind = "ticket.forwarded"
    erasable = ("to",)
    message_id: int
    to: list[str]
    messages: list[int]
    files: list[int]


@dataclass(frozen=True, kw_only=True)
class SupplierAnswered(Happened):
    """What was forwarded was answered; `forward_id` is the message that it answers."""

    kind = "ticket.supplier_answered"
    message_id: int
    forward_id: int


@dataclass(frozen=True, kw_only=True)
class Changed(Happened):
    """A property took another value; `version` is the one this change made."""

    version: int
    before: str | int | None
    after: str | int | None


@dataclass(frozen=True, kw_only=True)
class StatusChanged(Changed):
    """`before` and `after` are slugs."""

    kind = "ticket.status_changed"
    audience = "public"
    before_category: str
    after_category: str
    #: the customer is told that it is resolved
    tell: bool = True


@dataclass(frozen=True, kw_only=True)
class Assigned(Changed):
    kind = "ticket.assigned"


@dataclass(frozen=True, kw_only=True)
class PriorityChanged(Changed):
    kind = "ticket.priority_changed"


@dataclass(frozen=True, kw_only=True)
class QueueChanged(Changed):
    kind = "ticket.queue_changed"


@dataclass(frozen=True, kw_only=True)
class TeamChanged(Changed):
    kind = "ticket.team_changed"


@dataclass(frozen=True, kw_only=True)
class TypeChanged(Changed):
    kind = "ticket.type_changed"


@dataclass(frozen=True, kw_only=True)
class SiteChanged(Changed):
    kind = "ticket.site_changed"


@dataclass(frozen=True, kw_only=True)
class DueChanged(Changed):
    """RFC 3339 times, or none."""

    kind = "ticket.due_changed"


@dataclass(frozen=True, kw_only=True)
class SubjectChanged(Changed):
    kind = "ticket.subject_changed"
    audience = "public"
    erasable = ("before", "after")


@dataclass(frozen=True, kw_only=True)
class TagsChanged(Happened):
    kind = "ticket.tags_changed"
    version: int
    added: list[str]
    removed: list[str]


@dataclass(frozen=True, kw_only=True)
class Watched(Happened):
    kind = "ticket.watched"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class Unwatched(Happened):
    kind = "ticket.unwatched"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class CopyAdded(Happened):
    kind = "ticket.cc_added"
    audience = "public"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class CopyRemoved(Happened):
    kind = "ticket.cc_removed"
    audience = "public"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class Trashed(Happened):
    kind = "ticket.trashed"


@dataclass(frozen=True, kw_only=True)
class Restored(Happened):
    kind = "ticket.restored"


@dataclass(frozen=True, kw_only=True)
class ReplyHeld(Happened):
    """A reply (or a forward) was sent that leaves in a moment; nothing of it is public yet."""

    kind = "ticket.reply_held"
    held_id: int
    forward: bool = False
    #: it leaves when the customer writes
    waits: bool = False


@dataclass(frozen=True, kw_only=True)
class ReplyTakenBack(Happened):
    """Its writer took a reply (or a forward) back before it left."""

    kind = "ticket.reply_taken_back"
    held_id: int
    forward: bool = False


@dataclass(frozen=True, kw_only=True)
class ReplyReturned(Happened):
    """A reply is its writer's draft again: a `file` of it was gone, the ticket it waited at was "ended" or
    "merged".
    """

    kind = "ticket.reply_returned"
    held_id: int
    why: str = "file"


@dataclass(frozen=True, kw_only=True)
class PassMade(Happened):
    """A mail carries a link by which a person opens this ticket without a sign-in."""

    kind = "ticket.pass_made"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class PassesRevoked(Happened):
    """Links that were sent so far open the ticket no more."""

    kind = "ticket.passes_revoked"
    passes: int


@dataclass(frozen=True, kw_only=True)
class MarkedSpam(Happened):
    kind = "ticket.marked_spam"


@dataclass(frozen=True, kw_only=True)
class UnmarkedSpam(Happened):
    kind = "ticket.unmarked_spam"


@dataclass(frozen=True, kw_only=True)
class Deleted(Happened):
    kind = "ticket.deleted"
    number: int


@dataclass(frozen=True, kw_only=True)
class NoteEdited(Happened):
    kind = "ticket.note_edited"
    erasable = ("before",)
    message_id: int
    before: str


@dataclass(frozen=True, kw_only=True)
class FileArrived(Happened):
    """A file of a message came after it, or will not come (`lost`)."""

    kind = "ticket.file_arrived"
    message_id: int
    lost: bool = False
    public: bool = True

    def heard_by(self) -> str:
        return "public" if self.public else "staff"


@dataclass(frozen=True, kw_only=True)
class Reacted(Happened):
    """A sign was set at a message, by the customer (`theirs`) or by us; an empty one was taken away."""

    kind = "ticket.reacted"
    message_id: int
    sign: str
    theirs: bool


@dataclass(frozen=True, kw_only=True)
class MessageRevised(Happened):
    """Who wrote a message in a chat changed its words there, or took it back (`gone`); the desk keeps what
    stood there before.
    """

    kind = "ticket.message_revised"
    message_id: int
    gone: bool


@dataclass(frozen=True, kw_only=True)
class MessageParked(Happened):
    """The customer wrote, and it is open which of his tickets he means: this one, or another (`gone`: the
    message has found its place elsewhere).
    """

    kind = "ticket.message_parked"
    gone: bool = False


@dataclass(frozen=True, kw_only=True)
class MessagePlaced(Happened):
    """A message that had been parked belongs here; `how` says who decided: customer, agent or time."""

    kind = "ticket.message_placed"
    message_id: int
    how: str


@dataclass(frozen=True, kw_only=True)
class Redacted(Happened):
    kind = "ticket.redacted"
    message_id: int
    attachment_id: int | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class Linked(Happened):
    kind = "ticket.linked"
    link_kind: str
    target_id: int


@dataclass(frozen=True, kw_only=True)
class Merged(Happened):
    """The ticket is part of `target_id` now. The rest is what undoing it needs: ids of the `messages` that
    went along, of people whom it `copied` in there and who follow it since, `tags` that it brought, the
    ticket's `status` (a slug) and `times` before, and whether the other is answered in its chat since.
    """

    kind = "ticket.merged"
    target_id: int
    messages: list[int]
    copied: list[int]
    followers: list[int]
    tags: list[str]
    status: str
    times: dict[str, str | None]
    chat: bool


@dataclass(frozen=True, kw_only=True)
class Carried(Happened):
    """Messages changed tickets: `how` is "merge", "undo", "split" or "move"."""

    how: str
    messages: list[int]
    public: bool

    def heard_by(self) -> str:
        return "public" if self.public else "staff"


@dataclass(frozen=True, kw_only=True)
class MessagesLeft(Carried):
    """About the ticket in which they stood."""

    kind = "ticket.messages_left"
    target_id: int


@dataclass(frozen=True, kw_only=True)
class MessagesCame(Carried):
    """About the ticket in which they stand now."""

    kind = "ticket.messages_came"
    source_id: int


@dataclass(frozen=True, kw_only=True)
class BulkStarted(Happened):
    """About a BulkChange; the cause of each change it makes."""

    kind = "bulk.started"
    verb: str
    tickets: int


@dataclass(frozen=True, kw_only=True)
class BulkUndone(Happened):
    kind = "bulk.undone"
    verb: str
    tickets: int


@dataclass(frozen=True, kw_only=True)
class ReplyAdded(Happened):
    """About a SavedReply; `scope` is personal, team or everyone."""

    kind = "reply.added"
    name: str
    scope: str


@dataclass(frozen=True, kw_only=True)
class ReplyChanged(Happened):
    kind = "reply.changed"
    name: str
    scope: str


@dataclass(frozen=True, kw_only=True)
class ReplyRemoved(Happened):
    kind = "reply.removed"
    name: str
    scope: str


@dataclass(frozen=True, kw_only=True)
class Shaped(Happened):
    """An administrator changed what tickets may be. `name` is what it was called before."""

    name: str


@dataclass(frozen=True, kw_only=True)
class Reshaped(Shaped):
    """`fields` are those that took another value."""

    fields: list[str]


@dataclass(frozen=True, kw_only=True)
class QueueAdded(Shaped):
    kind = "queue.added"


@dataclass(frozen=True, kw_only=True)
class QueueShaped(Reshaped):
    kind = "queue.changed"


@dataclass(frozen=True, kw_only=True)
class QueueRemoved(Shaped):
    kind = "queue.removed"


@dataclass(frozen=True, kw_only=True)
class StatusAdded(Shaped):
    kind = "status.added"


@dataclass(frozen=True, kw_only=True)
class StatusShaped(Reshaped):
    kind = "status.changed"


@dataclass(frozen=True, kw_only=True)
class StatusRemoved(Shaped):
    kind = "status.removed"


@dataclass(frozen=True, kw_only=True)
class TypeAdded(Shaped):
    kind = "type.added"


@dataclass(frozen=True, kw_only=True)
class TypeShaped(Reshaped):
    kind = "type.changed"


@dataclass(frozen=True, kw_only=True)
class TypeRemoved(Shaped):
    kind = "type.removed"


@dataclass(frozen=True, kw_only=True)
class TagRenamed(Shaped):
    kind = "tag.renamed"
    after: str


@dataclass(frozen=True, kw_only=True)
class TagMerged(Shaped):
    """All tickets of `name` have `into` now; `tickets` says how many got it by that."""

    kind = "tag.merged"
    into: str
    tickets: int


@dataclass(frozen=True, kw_only=True)
class TagRemoved(Shaped):
    kind = "tag.removed"
    tickets: int
