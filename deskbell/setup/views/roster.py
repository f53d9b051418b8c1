"""Many people invited from one list: given, looked over, sent."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from deskbell.kit.once import accepted
from deskbell.people import actions, permissions
from deskbell.people.models import Role
from deskbell.setup import roster
from deskbell.setup.access import Request, permitted
from deskbell.setup.forms import RoleForm
from deskbell.setup.pages import show
from deskbell.setup.roster import Row, Unreadable
from deskbell.setup.saving import answered_once
from deskbell.setup.views.people import refusal

#: rows that can be mended on the page; more are downloaded
MENDED = 100


class RosterForm(RoleForm):
    """`cleaned_data["rows"]` is what the file or, without one, the text holds."""

    file = forms.FileField(
        label=_("A file"),
        required=False,
        allow_empty_file=True,
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv,text/plain"}),
        help_text=_("A table saved as CSV: e-mail, name, role, team. The first row may hold these words."),
    )
    text = forms.CharField(
        label=_("Or the lines themselves"),
        required=False,
        max_length=roster.BIGGEST,
        widget=forms.Textarea(attrs={"rows": 6, "autocomplete": "off", "spellcheck": "false"}),
        help_text=_("Columns may be parted by commas, semicolons or tabs, as a spreadsheet copies them."),
    )
    field_order = ["file", "text", "role", "team"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].label = _("Role of those without one")
        self.fields["team"].label = _("Team of those without one")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        file, text = cleaned.get("file"), cleaned.get("text", "")
        if file and file.size > roster.BIGGEST:
            self.add_error("file", gettext("This file is too big for a list of people."))
            return cleaned
        if not file and not text.strip():
            self.add_error("file", gettext("Choose a file, or put the lines below."))
            return cleaned
        try:
            cleaned["rows"] = roster.read(roster.decoded(file.read()) if file else text)
        except Unreadable as error:
            self.add_error("file" if file else "text", str(error))
        return cleaned


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.PEOPLE_INVITE)
def invite_list(request: Request) -> HttpResponse:
    """Take a list, show what each row would do, and send those that are ready."""
    if request.method != "POST":
        return _form_page(request, RosterForm(by=request.user))
    if "rows" in request.POST:
        return _looked_over(request)
    form = RosterForm(request.POST, request.FILES, by=request.user)
    if not form.is_valid():
        return _form_page(request, form, status=422)
    return _preview(request, form.cleaned_data["rows"], form)


def _form_page(request: Request, form: RosterForm, status: int = 200) -> HttpResponse:
    return show(request, "roster.html", {"form": form, "longest": roster.LONGEST}, status=status)


def _looked_over(request: Request) -> HttpResponse:
    """The preview comes back, mended or not: `do` says what for."""
    form = RoleForm(request.POST, by=request.user)
    rows = _returned(request)
    if rows is None or not form.is_valid():
        return redirect("setup:invite_list")
    if request.POST.get("do") == "send":
        return _send(request, rows, form)
    if request.POST.get("do") == "download":
        _judge(rows, form, request)
        headers = {"Content-Disposition": 'attachment; filename="not-invited.csv"'}
        left = roster.as_csv(row for row in rows if row.verdict != "ready")
        return HttpResponse("\ufeff" + left, content_type="text/csv; charset=utf-8", headers=headers)
    return _preview(request, rows, form)


def _returned(request: Request) -> list[Row] | None:
    """The rows of a preview with what was typed into them; None when they are not of our making."""
    try:
        given = json.loads(request.POST["rows"])
        rows = [Row.of(str(each)[:400] for each in line) for line in given]
    except (ValueError, TypeError):
        return None
    if len(rows) > roster.LONGEST:
        return None
    for place, row in enumerate(rows):
        for column in roster.COLUMNS:
            typed = request.POST.get(f"{column}-{place}")
            if typed is not None:
                setattr(row, column, typed.replace("\0", "").strip()[:400])
    return [row for place, row in enumerate(rows) if f"drop-{place}" not in request.POST]


def _judge(rows: list[Row], form: RoleForm, request: Request) -> None:
    role = Role.objects.get(slug=form.cleaned_data["role"])
    roster.judge(rows, role=role, team=form.cleaned_data["team"], by=request.user)


def _preview(request: Request, rows: list[Row], form: RoleForm, status: int = 200) -> HttpResponse:
    _judge(rows, form, request)
    wrong = [(place, row) for place, row in enumerate(rows) if row.verdict != "ready"]
    context = {
        "form": form,
        "role": form.cleaned_data["role"],
        "team": form.cleaned_data["team"],
        "rows": json.dumps([row.given for row in rows], ensure_ascii=False),
        "ready": [row for row in rows if row.verdict == "ready"],
        "wrong": wrong[:MENDED],
        "more_wrong": max(0, len(wrong) - MENDED),
        "all_wrong": len(wrong),
        "verdicts": roster.VERDICTS,
    }
    return show(request, "roster_preview.html", context, status=status)


def _send(request: Request, rows: list[Row], form: RoleForm) -> HttpResponse:
    def send() -> list[int]:
        _judge(rows, form, request)
        actions.invite_many([row.offer for row in rows if row.offer], by=request.user)
        return [place for place, row in enumerate(rows) if row.offer]

    try:
        sent = answered_once(request, "invite_list", form, send)
    except (actions.RoleGone, Role.DoesNotExist):
        messages.error(request, refusal(actions.RoleGone()))
        again = RosterForm(by=request.user, initial={"text": roster.as_text(rows)})
        return _form_page(request, again, status=409)
    if sent is None:
        return _preview(request, rows, form, status=422)
    left = [row for place, row in enumerate(rows) if place not in set(sent)]
    said = ngettext("%(count)s person is invited.", "%(count)s people are invited.", len(sent))
    messages.success(request, said % {"count": len(sent)})
    if left:
        return accepted(_preview(request, left, form), request)
    return accepted(redirect("setup:invitations"), request)
