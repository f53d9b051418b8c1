"""Tags: what the desk's people wrote on tickets, cleared up."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import connection
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deskbell.people import permissions
from deskbell.people.shaping import NameTaken
from deskbell.setup.access import Request, permitted
from deskbell.setup.pages import show
from deskbell.setup.shape_forms import MergeForm, TagForm
from deskbell.tickets.actions import shaping
from deskbell.tickets.models import Tag

#: more than that many are found by their name
SHOWN = 200
#: a count never goes further
COUNT_CAP = 1000


@require_safe
@permitted(permissions.SHAPE)
def tags(request: Request) -> HttpResponse:
    words = request.GET.get("q", "").replace("\0", "").strip()[:50]
    rows = Tag.objects.filter(name__icontains=words) if words else Tag.objects.all()
    found = list(rows.order_by("name")[: SHOWN + 1])
    context = {
        "rows": found[:SHOWN],
        "more": len(found) > SHOWN,
        "shown": SHOWN,
        "words": words,
        "counts": _counts(found),
        "cap": COUNT_CAP,
    }
    return show(request, "tags.html", context)


def _counts(tags: list[Tag]) -> dict[int, int]:
    """Tickets of each tag, up to COUNT_CAP."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select tag, (select count(*) from"
            " (select 1 from tickets_ticket_tags where tag_id = tag limit %s) t)"
            " from unnest(%s::bigint[]) tag",
            [COUNT_CAP, [tag.pk for tag in tags]],
        )
        return dict(cursor.fetchall())


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.SHAPE)
def tag(request: Request, pk: int) -> HttpResponse:
    """Rename it."""
    row = get_object_or_404(Tag, pk=pk)
    form = TagForm(request.POST if request.method == "POST" else None, initial={"name": row.name})
    if form.is_bound and form.is_valid():
        try:
            shaping.rename_tag(row, form.cleaned_data["name"], by=request.user)
        except NameTaken:
            form.add_error("name", _("There is a tag of this name. Merge the two below instead."))
        else:
            messages.success(request, _("“%(name)s” is saved.") % {"name": form.cleaned_data["name"]})
            return redirect("setup:tags")
    return _page(request, row, form=form)


def _page(request: Request, row: Tag, **forms: Any) -> HttpResponse:
    bound = any(form.is_bound for form in forms.values())
    forms = {"form": TagForm(initial={"name": row.name}), "merge_form": MergeForm(tag=row)} | forms
    others = Tag.objects.exclude(pk=row.pk).order_by("name").values_list("name", flat=True)[:SHOWN]
    context = {"row": row, "others": others, "count": _counts([row])[row.pk], "cap": COUNT_CAP, **forms}
    return show(request, "tag.html", context, status=422 if bound else 200)


@require_POST
@permitted(permissions.SHAPE)
def merging(request: Request, pk: int) -> HttpResponse:
    row = get_object_or_404(Tag, pk=pk)
    form = MergeForm(request.POST, tag=row)
    if not form.is_valid():
        return _page(request, row, merge_form=form)
    into = form.cleaned_data["into"]
    shaping.merge_tags(row, into, by=request.user)
    messages.success(request, _("“%(name)s” is “%(into)s” now.") % {"name": row.name, "into": into.name})
    return redirect("setup:tags")
