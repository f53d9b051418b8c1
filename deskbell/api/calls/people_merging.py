"""Two customers who are one person become one."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from deskbell.api import shapes
from deskbell.api.access import caller
from deskbell.api.calls.people import detail
from deskbell.people import actions, permissions
from deskbell.people.models import User
from deskbell.people.queries import visible_people
from deskbell.people.rights import rights_of

router = Router(tags=["People"])


def _person(request: HttpRequest, pk: int) -> User:
    """Raises NotAllowed, User.DoesNotExist."""
    user = caller(request)
    if not rights_of(user).has(permissions.PEOPLE_MERGE):
        raise actions.NotAllowed(permissions.PEOPLE_MERGE)
    return visible_people(user).get(pk=pk)


@router.post("/people/{id}/merge", response=shapes.PersonDetail, summary="Merge a person into another")
def merge_person(request: HttpRequest, id: shapes.PathId, body: shapes.MergePerson) -> dict[str, Any]:
    """`into` remains, and is answered: tickets, messages, addresses and chats are theirs from now on. This
    one cannot sign in any more and points there (`merged_into`). Merging twice does nothing. People who work
    at the desk are not merged."""
    source, target = _person(request, id), _person(request, body.into)
    return detail(actions.merge(source, target, by=caller(request)))


@router.delete("/people/{id}/merge", response=shapes.PersonDetail, summary="Undo the merge of a person")
def unmerge_person(request: HttpRequest, id: shapes.PathId) -> dict[str, Any]:
    """For 30 days. What came since by their addresses goes back to them, everything else stays."""
    return detail(actions.unmerge(_person(request, id), by=caller(request)))
