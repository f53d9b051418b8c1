"""Every refusal is a problem (RFC 9457): what is wrong, and with which field."""

from __future__ import annotations

import errno
import json
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from deskbell.events.once import KeyReused
from deskbell.files.actions import TooBig
from deskbell.kit.patience import TooSlow
from deskbell.people.actions import AddressTaken
from deskbell.people.actions import NotAllowed as NotAllowedWithPeople
from deskbell.people.actions import NotMergeable as PeopleNotMergeable
from deskbell.people.actions import TooLateToUndo as PeopleTooLateToUndo
from deskbell.people.addresses import BadAddress
from deskbell.people.refusals import NOT_MERGEABLE as PEOPLE_NOT_MERGEABLE
from deskbell.people.refusals import TOO_LATE
from deskbell.tickets import present
from deskbell.tickets.actions import (
    BadMove,
    BadRecipients,
    ChatClosed,
    EmptyMessage,
    FilesTooBig,
    Moved,
    NotAllowed,
    NotForwardable,
    NotMergeable,
    NotMovable,
    NotStaff,
    TicketGone,
    TicketMerged,
    TooLateToUndo,
    UploadGone,
)
from deskbell.tickets.conditions import BadFilter
from deskbell.tickets.listing import BadCursor
from deskbell.tickets.posting import chat_closed
from deskbell.tickets.refusals import NOT_MERGEABLE, NOT_MOVABLE

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
#: seconds after which a caller may try again when the database is away
RETRY_AFTER = 5


class Problem(Exception):
    """A refusal on its way out. `errors` are (field, message); `more` are further members of the answer."""

    def __init__(
        self,
        status: int,
        detail: str = "",
        *,
        name: str = "",
        errors: list[tuple[str, str]] | None = None,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.name = status, detail, name
        self.errors, self.headers, self.more = errors or [], headers or {}, more


def invalid(field: str, message: str) -> Problem:
    """One value that cannot be taken."""
    return Problem(422, _("A value cannot be taken."), errors=[(field, message)])


def answer(problem: Problem) -> HttpResponse:
    """The response for `problem`. Kinds with a meaning of their own have a `type` other than about:blank."""
    content = {
        "type": f"urn:deskbell:problem:{problem.name}" if problem.name else "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "errors": [{"field": field, "message": message} for field, message in problem.errors],
        **problem.more,
    }
    return HttpResponse(
        json.dumps(content), status=problem.status, content_type=MEDIA_TYPE, headers=problem.headers
    )


def shaped(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """`view` with its refusals before any call of ours (no such address or method) made problems."""

    def shape(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except Exception as error:
            response = answer(_problem(request, error))
        if isinstance(response, HttpResponseNotAllowed):
            allowed = ", ".join(sorted(response.headers["Allow"].split(", ")))
            detail = _("Use one of: %(methods)s.") % {"methods": allowed}
            response = answer(Problem(405, detail, headers={"Allow": allowed}))
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return csrf_exempt(shape)  # a token is no cookie


def nothing_here(request: HttpRequest) -> HttpResponse:
    """Every address below /api/v1/ that is no call."""
    raise Http404


def register(api: NinjaAPI) -> None:
    """Let `api` answer every exception as a problem."""
    for kind in (Exception, Http404, HttpError, ValidationError):

        @api.exception_handler(kind)
        def respond(request: HttpRequest, error: Exception) -> HttpResponse:
            return answer(_problem(request, error))


def _problem(request: HttpRequest, error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    for kind, tell in _TOLD.items():
        if isinstance(error, kind):
            return tell(error)
    log.exception("an API call failed", extra={"path": request.path, "method": request.method})
    return Problem(500, _("Something went wrong here; it was written to the log. Nothing was changed."))


def _http(error: HttpError) -> Problem:
    if error.status_code == HTTPStatus.BAD_REQUEST:
        return Problem(400, _("The body is not JSON."))
    return Problem(error.status_code, str(error))


def _validation(error: ValidationError) -> Problem:
    errors = [(_field(item["loc"]), item["msg"]) for item in error.errors]
    return Problem(422, _("Some values cannot be taken."), name="invalid", errors=errors)


def _field(location: tuple[Any, ...]) -> str:
    """`("body", "body", "requester", "email")` → `requester.email`; other sources have one step less."""
    skipped = 2 if location[0] == "body" else 1
    return ".".join(str(step) for step in location[skipped:]) or str(location[0])


def _moved(error: Moved) -> Problem:
    return Problem(
        409,
        _("Another change came first: %(properties)s.") % {"properties": error},
        name="stale-version",
        errors=[(name, _("changed meanwhile")) for name in sorted(error.properties)],
        ticket=present.ticket(error.ticket),
    )


def _too_big(limit: int) -> Problem:
    return Problem(413, _("At most %(size)s MB are taken.") % {"size": limit // 1_000_000})


def _recipients(error: BadRecipients) -> str:
    if error.wrong:
        return _("Not an e-mail address: %(given)s") % {"given": error}
    return _("At most twenty people at once.")


def _disk(error: OSError) -> Problem:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Problem(507, _("The server's disk is full. Tell its administrator."))
    log.error("a file could not be kept", exc_info=error)
    return Problem(500, _("The file could not be kept. Tell the administrator."))


def _merged(error: TicketMerged) -> Problem:
    text = _("This ticket is part of #%(number)s now.") % {"number": error.ticket.number}
    return Problem(409, text, name="ticket-merged", merged_into=error.ticket.number)


def _not_mergeable(error: NotMergeable) -> Problem:
    return Problem(
        409, str(NOT_MERGEABLE[error.reason]), name=f"not-mergeable-{error.reason.replace('_', '-')}"
    )


def _people_not_mergeable(error: PeopleNotMergeable) -> Problem:
    return Problem(
        409, str(PEOPLE_NOT_MERGEABLE[error.reason]), name=f"not-mergeable-{error.reason.replace('_', '-')}"
    )


def _refused(error: Exception) -> Problem:
    return Problem(403, _("You may not do this."), name="not-allowed", errors=[])


#: exception → its problem; the first that fits counts, so special ones stand before general ones
_TOLD: dict[type[Exception], Callable[[Any], Problem]] = {
    AuthenticationError: lambda error: Problem(
        401, _("Send a valid token: Authorization: Bearer …"), headers={"WWW-Authenticate": "Bearer"}
    ),
    HttpError: _http,
    ValidationError: _validation,
    NotAllowed: _refused,
    NotAllowedWithPeople: _refused,
    Moved: _moved,
    ChatClosed: lambda error: Problem(
        409,
        chat_closed(error),
        name="chat-closed",
    ),
    TicketMerged: _merged,
    NotMergeable: _not_mergeable,
    PeopleNotMergeable: _people_not_mergeable,
    PeopleTooLateToUndo: lambda error: Problem(409, str(TOO_LATE), name="too-late"),
    NotMovable: lambda error: invalid(
        "messages" if error.reason in ("none", "gone", "all") else "to", str(NOT_MOVABLE[error.reason])
    ),
    TooLateToUndo: lambda error: Problem(409, _("A merge can be undone for seven days."), name="too-late"),
    EmptyMessage: lambda error: invalid("body", _("Write something or name a file.")),
    BadRecipients: lambda error: invalid("to", _recipients(error)),
    NotForwardable: lambda error: invalid(
        error.what, _("Not of this ticket, or taken away: %(ids)s.") % {"ids": error}
    ),
    FilesTooBig: lambda error: invalid(
        "files", _("At most %(size)s MB are taken.") % {"size": error.limit // 1_000_000}
    ),
    UploadGone: lambda error: invalid("uploads", _("Not there, or not yours: %(ids)s.") % {"ids": error}),
    BadMove: lambda error: invalid("status", _("The ticket cannot go there from where it is.")),
    NotStaff: lambda error: invalid("assignee", _("Nobody who may answer tickets.")),
    BadFilter: lambda error: invalid(error.field, error.message),
    BadCursor: lambda error: invalid("cursor", _("Not a cursor of this list with these filters.")),
    TooSlow: lambda error: Problem(422, _("These filters would read too much. Use narrower ones.")),
    BadAddress: lambda error: Problem(422, str(error)),
    AddressTaken: lambda error: Problem(409, _("Somebody else has %(address)s.") % {"address": error}),
    KeyReused: lambda error: Problem(
        422, _("This Idempotency-Key was used before for something else."), name="key-reused"
    ),
    TooBig: lambda error: _too_big(error.limit),
    RequestDataTooBig: lambda error: _too_big(settings.DATA_UPLOAD_MAX_MEMORY_SIZE),
    TicketGone: lambda error: _problem_404(),
    Http404: lambda error: _problem_404(),
    ObjectDoesNotExist: lambda error: _problem_404(),
    MultiPartParserError: lambda error: Problem(400, _("The body is not a whole form.")),
    UnreadablePostError: lambda error: Problem(400, _("The body came in pieces that do not fit.")),
    SuspiciousOperation: lambda error: Problem(400, _("The request cannot be understood.")),
    OperationalError: lambda error: _away(),
    InterfaceError: lambda error: _away(),
    OSError: _disk,
}


def _problem_404() -> Problem:
    return Problem(404, _("There is nothing here, or it is not meant for you."))


def _away() -> Problem:
    log.exception("the database did not answer")
    return Problem(
        503, _("The database does not answer. Try again."), headers={"Retry-After": str(RETRY_AFTER)}
    )
