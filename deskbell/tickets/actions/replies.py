"""Saved replies: kept, changed, removed, used."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import F

from deskbell.events.publish import publish
from deskbell.people.models import Team, User
from deskbell.tickets import events, replies, variables
from deskbell.tickets.actions.errors import NameTaken, UnknownVariable
from deskbell.tickets.models import SavedReply
from deskbell.tickets.rules import NotAllowed


@transaction.atomic
def add_saved_reply(
    *, by: User, name: str, text: str, then: str = "", personal: bool = True, team: Team | None = None
) -> SavedReply:
    """Keep words for later: one's own, `team`'s or, neither personal nor a team's, everyone's.

    Raises NotAllowed, UnknownVariable, NameTaken.
    """
    reply = SavedReply(name=name, text=text, then=then)
    _place(reply, by, personal, team)
    _write(reply)
    publish(events.ReplyAdded(name=reply.name, scope=reply.scope), about=reply, by=by)
    return reply


@transaction.atomic
def change_saved_reply(
    reply: SavedReply,
    *,
    by: User,
    name: str,
    text: str,
    then: str = "",
    personal: bool = True,
    team: Team | None = None,
) -> SavedReply:
    """Raises NotAllowed (both where it was and where it goes), UnknownVariable, NameTaken."""
    reply = SavedReply.objects.select_for_update(no_key=True).get(pk=reply.pk)
    _require(by, reply)
    before = (reply.name, reply.text, reply.then, reply.owner_id, reply.team_id)
    reply.name, reply.text, reply.then = name, text, then
    _place(reply, by, personal, team)
    if before != (reply.name, reply.text, reply.then, reply.owner_id, reply.team_id):
        _write(reply)
        publish(events.ReplyChanged(name=reply.name, scope=reply.scope), about=reply, by=by)
    return reply


@transaction.atomic
def remove_saved_reply(reply: SavedReply, *, by: User) -> None:
    """Raises NotAllowed; removing a removed one does nothing."""
    _require(by, reply)
    if SavedReply.objects.select_for_update().filter(pk=reply.pk).exists():
        publish(events.ReplyRemoved(name=reply.name, scope=reply.scope), about=reply, by=by)
        SavedReply.objects.filter(pk=reply.pk).delete()


def count_use(reply: SavedReply) -> None:
    """It was inserted once more. Not an event: it only moves the reply up in the list."""
    SavedReply.objects.filter(pk=reply.pk).update(used=F("used") + 1)


def _require(by: User, reply: SavedReply) -> None:
    if not replies.may_keep(by, owner=reply.owner, team=reply.team):
        raise NotAllowed("keep_reply")


def _place(reply: SavedReply, by: User, personal: bool, team: Team | None) -> None:
    reply.owner, reply.team = (by, None) if personal else (None, team)
    _require(by, reply)


def _write(reply: SavedReply) -> None:
    if unknown := variables.unknown(reply.text):
        raise UnknownVariable(unknown)
    try:
        with transaction.atomic():
            reply.save()
    except IntegrityError as error:
        if "saved_reply_name" in str(error):
            raise NameTaken(reply.name) from error
        raise
