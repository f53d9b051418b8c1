"""What is said on tickets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Query, Router, Status
from pydantic import Field

from deskbell.api import choices, paging, shapes
from deskbell.api.access import caller
from deskbell.api.calls.tickets import visible
from deskbell.api.once import once
from deskbell.api.paging import Filter, PageQuery, only_known
from deskbell.api.problems import invalid
from deskbell.api.ways import sent_by
from deskbell.channels.email.subjects import of_forward
from deskbell.channels.queries import own_among
from deskbell.kit.html import clean_mail, text_from_html
from deskbell.outbox.models import OutboxItem
from deskbell.people.models import User
from deskbell.tickets import actions, present, rules
from deskbell.tickets.content import Content
from deskbell.tickets.forwards import Forward
from deskbell.tickets.models import Message, Ticket

router = Router(tags=["Messages"])


@router.get("/tickets/{number}/messages", response=shapes.Page[shapes.Message], summary="Its messages")
def list_messages(request: HttpRequest, number: shapes.PathId, query: Query[PageQuery]) -> dict[str, Any]:
    """Oldest first. Internal ones only for those who work on the ticket."""
    only_known(request, query)
    user = caller(request)
    ticket = visible(user, number)
    rows = Message.objects.filter(ticket=ticket)
    staff = rules.may(user, "see_internal", ticket)
    if not staff:
        rows = rows.filter(visibility=Message.Visibility.PUBLIC)
    found = paging.page(
        rows.select_related("author", "ticket__queue"),
        by=("id",),
        filters=[number, staff],
        cursor=query.cursor,
        limit=query.limit,
    )
    return {"items": present.messages(found.rows, reader=user), "next": found.next}


@router.post("/tickets/{number}/messages", response={201: shapes.Message}, summary="Reply, or note something")
def create_message(request: HttpRequest, number: shapes.PathId, body: shapes.NewMessage) -> Status:
    """`public` answers the customer (or is his own reply), `internal` is a note that he never sees.

    A chat takes free answers for 24 hours after its customer's last message: 409 `chat-closed` after them.
    Then answer by `"way": "mail"`, or with a `template`. While the WhatsApp Web number of a chat is down,
    answers wait for it; `"way": "cloud"` sends one by a number at the Cloud API, as does a `template`."""
    user = caller(request)
    return once(request, body, lambda: present.message(_write(user, number, body), reader=user))


@router.post("/tickets/{number}/forwards", response={201: shapes.Message}, summary="Forward to a supplier")
def create_forward(request: HttpRequest, number: shapes.PathId, body: shapes.NewForward) -> Status:
    """A mail to each of `to`, at once. What comes back becomes an internal message of the kind `supplier`;
    the customer sees neither."""
    user = caller(request)
    return once(request, body, lambda: present.message(_forward(user, number, body), reader=user))


def _forward(user: User, number: int, body: shapes.NewForward) -> Message:
    ticket = visible(user, number)
    rules.require(user, "forward", ticket)
    if ours := own_among(body.to):
        raise invalid("to", _("This desk has that address itself: %(given)s") % {"given": ", ".join(ours)})
    answered = Message.objects.filter(ticket=ticket, pk=body.answers).first() if body.answers else None
    given = Forward(
        to=body.to,
        text=body.body,
        subject=body.subject or of_forward(ticket, answered),
        messages=body.messages,
        files=body.files,
        answers=body.answers,
    )
    return actions.forward(ticket, given, by=user)


def _write(user: User, number: int, body: shapes.NewMessage) -> Message:
    ticket = visible(user, number)
    status = choices.status(body.status) if body.status is not None else None
    content = _content(body)
    if (body.way or body.template) and not (
        body.visibility == "public" and rules.may(user, "see_internal", ticket)
    ):
        raise invalid("way" if body.way else "template", _("Only of a reply to a customer."))
    if body.visibility == "internal":
        _may_set(user, ticket, status)
        return actions.note(ticket, content, by=user, status=status)
    if rules.may(user, "see_internal", ticket):
        _may_set(user, ticket, status)
        if body.way or body.template:  # before anything is said of the customer's ways
            rules.require(user, "reply", ticket)
        return actions.reply(ticket, sent_by(content, body, ticket), by=user, status=status)
    if status is not None:
        raise rules.NotAllowed("edit")
    return actions.customer_reply(ticket, content, by=user)


def _may_set(user: User, ticket: Ticket, status: Any) -> None:
    if status is not None:
        rules.require(user, "status", ticket)


def _content(body: shapes.NewMessage) -> Content:
    if body.html is None:
        return Content.markdown(body.body, uploads=body.uploads)
    cleaned = clean_mail(body.html, cid=lambda cid: f"cid:{cid}")
    text = body.body.strip() or text_from_html(body.html)
    return Content(
        text=text,
        new_text=text,
        html=cleaned.html,
        markup=Message.Markup.MAIL,
        remote_images=cleaned.remote_images,
        uploads=body.uploads,
    )


# --- across tickets -----------------------------------------------------------------------------


class MessageQuery(PageQuery):
    external_id: str = Field(default="", max_length=600, description="A Message-ID, with or without <>.")
    channel: Filter = Field(default="", description="web, email …")
    since: Filter = Field(default="", description="RFC 3339. Ends with a moment `until`: see there.")


@router.get("/messages", response=shapes.MessagePage, summary="Messages across tickets")
def find_messages(request: HttpRequest, query: Query[MessageQuery]) -> dict[str, Any]:
    """Oldest first; those that lie on no ticket too (`ticket` is null).

    With `since` the answer ends with the moment `until`, as that of `updated_since` in a list of tickets.
    """
    user = caller(request)
    given = query.model_dump(exclude={"cursor", "limit"})
    only_known(request, query)
    rows = _narrowed(Message.objects.visible_to(user), query)
    if query.since:
        return _since(user, rows, given, query)
    found = paging.page(
        rows.select_related("author", "ticket__queue"),
        by=("created_at", "id"),
        filters=[user.pk, given],
        cursor=query.cursor,
        limit=query.limit,
    )
    return {"items": present.messages(found.rows, reader=user), "next": found.next}


def _narrowed(rows: QuerySet[Message], query: MessageQuery) -> QuerySet[Message]:
    if query.channel:
        rows = rows.filter(channel=query.channel)
    if query.external_id:
        bare = query.external_id.strip().removeprefix("<").removesuffix(">")
        ids = {query.external_id, bare, f"<{bare}>"}
        sent = OutboxItem.objects.filter(cause_kind="message", external_id__in=ids)
        rows = rows.filter(Q(external_id__in=ids) | Q(pk__in=list(sent.values_list("cause_id", flat=True))))
    return rows


def _since(user: User, rows: QuerySet[Message], given: dict[str, str], query: MessageQuery) -> dict[str, Any]:
    seal = paging.seal_of("since", user.pk, given)
    until, inner = paging.complete_until(), None
    if query.cursor:
        text, inner = paging.unseal(query.cursor, seal)
        until = datetime.fromisoformat(text)
    since = paging.time_of("since", query.since)
    found = paging.page(
        rows.filter(created_at__gte=since, created_at__lt=until).select_related("author", "ticket__queue"),
        by=("created_at", "id"),
        filters=[user.pk, given],
        cursor=inner,
        limit=query.limit,
    )
    following = paging.sealed([present.moment(until), found.next], seal) if found.next else None
    return {
        "items": present.messages(found.rows, reader=user),
        "next": following,
        "until": present.moment(until),
    }
