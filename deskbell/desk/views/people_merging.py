"""Two customers who are one person become one, and two again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages as notices
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from deskbell.desk.access import desk
from deskbell.desk.access import person as reader_of
from deskbell.desk.pages import page
from deskbell.kit.once import accepted
from deskbell.kit.patience import TooSlow, within
from deskbell.people import actions, merges, permissions, queries, rules
from deskbell.people.models import User
from deskbell.people.pointers import final
from deskbell.people.refusals import NOT_MERGEABLE, TOO_LATE
from deskbell.people.rights import rights_of

OFFERED = 12
TOO_SLOW = gettext_lazy("That would look through too much. Write a longer part of the name or address.")
#: milliseconds a search may take
TIMEOUT = 5000
LARGEST = 2**63 - 1


#: by merges.TOLD
FILLS = {
    "name": gettext_lazy("name"),
    "organization_id": gettext_lazy("organisation"),
    "language": gettext_lazy("language"),
    "notes": gettext_lazy("notes"),
}


class MergeForm(forms.Form):
    """`remains` is one of the two."""

    other = forms.IntegerField(min_value=1, max_value=LARGEST)
    remains = forms.IntegerField(min_value=1, max_value=LARGEST)
    sure = forms.BooleanField()


@require_http_methods(["GET", "POST"])
@desk
def merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose the other person (`?q=`), see what will happen (`?with=`, `?remains=`), do it."""
    somebody = _somebody(request, pk)
    if request.method == "POST":
        return _merge(request, somebody)
    if somebody.merged_into_id is not None:
        return redirect("desk:person", final(somebody).pk)
    return _draw(request, somebody, _named(request, "with"))


def _merge(request: HttpRequest, somebody: User) -> HttpResponse:
    form = MergeForm(request.POST)
    if not form.is_valid():
        other = _named(request, "other")
        problem = _("Say that you are sure: both are the same person.") if other else _("Choose a person.")
        return _draw(request, somebody, other, problem=problem, status=422)
    other = _somebody(request, form.cleaned_data["other"])
    source, target = (somebody, other) if form.cleaned_data["remains"] == other.pk else (other, somebody)
    try:
        whole = actions.merge(source, target, by=reader_of(request))
    except actions.NotMergeable as error:
        return _draw(request, somebody, other, problem=str(NOT_MERGEABLE[error.reason]), status=422)
    except actions.NotAllowed:
        raise PermissionDenied(permissions.PEOPLE_MERGE) from None
    text = _("%(name)s is part of this person now. You can undo it here for 30 days.")
    notices.success(request, text % {"name": source.display_name})
    return accepted(redirect("desk:person", whole.pk), request)


@require_POST
@desk
def unmerge(request: HttpRequest, pk: int) -> HttpResponse:
    """`pk` was merged and stands for himself again."""
    somebody = _somebody(request, pk)
    whole = final(somebody)
    try:
        actions.unmerge(somebody, by=reader_of(request))
    except actions.NotMergeable as error:
        notices.error(request, str(NOT_MERGEABLE[error.reason]))
    except actions.TooLateToUndo:
        notices.error(request, str(TOO_LATE))
    except actions.NotAllowed:
        raise PermissionDenied(permissions.PEOPLE_MERGE) from None
    else:
        whole = somebody
        notices.success(request, _("%(name)s stands alone again.") % {"name": somebody.display_name})
    return accepted(redirect("desk:person", whole.pk), request)


def _somebody(request: HttpRequest, pk: int) -> User:
    user = reader_of(request)
    if not rights_of(user).has(permissions.PEOPLE_MERGE):
        raise PermissionDenied(permissions.PEOPLE_MERGE)
    return get_object_or_404(queries.visible_people(user).select_related("organization", "site"), pk=pk)


def _named(request: HttpRequest, name: str) -> User | None:
    given = (request.POST if request.method == "POST" else request.GET).get(name, "")
    if not (given.isascii() and given.isdigit() and int(given) <= LARGEST):
        return None
    return _somebody(request, final(_somebody(request, int(given))).pk)


def _draw(
    request: HttpRequest, somebody: User, other: User | None, *, problem: str = "", status: int = 200
) -> HttpResponse:
    user, words = reader_of(request), request.GET.get("q", "").replace("\0", "").strip()[:200]
    context: dict[str, Any] = {"somebody": somebody, "said": words, "problem": problem, "at_people": True}
    if other is not None and other.pk == somebody.pk:
        other, context["problem"] = None, problem or str(NOT_MERGEABLE["same"])
    context["other"] = other
    if other is not None:
        context |= _preview(request, somebody, other)
    else:
        try:
            context["found"] = within(TIMEOUT, lambda: list(_found(user, somebody, words)[:OFFERED]))
        except TooSlow:
            context["found"] = []
            context["problem"] = TOO_SLOW
    return page(request, "desk/person_merge.html", context, status=status)


def _preview(request: HttpRequest, somebody: User, other: User) -> dict[str, Any]:
    asked = (request.POST if request.method == "POST" else request.GET).get("remains", "")
    two = {str(each.pk): each for each in (somebody, other)}
    target = two.get(asked) or merges.remains(somebody, other)
    source = other if target.pk == somebody.pk else somebody
    look = merges.look(source, target, reader_of(request))
    return {
        "look": look,
        "refusal": NOT_MERGEABLE[look.refused] if look.refused else "",
        "may": rules.may_merge(reader_of(request), source, target),
        "fills": [str(FILLS[name]) for name in look.fills],
        "sides": [_side(target), _side(source)],
    }


def _side(person: User) -> dict[str, Any]:
    return {
        "person": person,
        "identities": list(person.identities.order_by("kind", "-primary", "pk")),
        "roles": merges.roles_of(person),
    }


def _found(user: User, somebody: User, words: str) -> QuerySet[User]:
    """Who may be meant by `words`; without any, customers of the same name."""
    rows = queries.customers(user, words=words).filter(is_active=True).exclude(pk=somebody.pk)
    if not words:
        rows = rows.filter(name__iexact=somebody.name) if somebody.name else rows.none()
    return rows.select_related("organization").prefetch_related("identities")
