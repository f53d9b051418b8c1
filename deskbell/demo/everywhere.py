"""What the demo shows on the pages of others: a menu in every bar, one click per role to sign in."""

from __future__ import annotations

from typing import TypedDict

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deskbell.demo import world

SEES = {
    "owner": gettext_lazy("Everything, and who may do what"),
    "admin": gettext_lazy("All tickets, people and settings"),
    "supervisor": gettext_lazy("All tickets, hands out the work"),
    "agent": gettext_lazy("The desk: reads, answers, resolves"),
    "engineer": gettext_lazy("Only the jobs given to him, in the field"),
    "auditor": gettext_lazy("Reads everything, changes nothing"),
    "customer_manager": gettext_lazy("All tickets of her company"),
    "customer": gettext_lazy("His own tickets"),
    "read_only": gettext_lazy("Reads where he is copied in, writes nothing"),
    "read_only_organization": gettext_lazy("Reads all tickets of her company, writes nothing"),
}


class Way(TypedDict):
    """One click into a role."""

    role: str
    name: str
    email: str
    sees: str


def ways() -> list[Way]:
    """The first person of every role. None where the demo company is not."""
    if world.made_at() is None:
        return []
    first: dict[str, Way] = {}
    for each in world.sign_ins():
        way = Way(role=_(each["role"]), name=each["name"], email=each["email"], sees=str(SEES[each["slug"]]))
        first.setdefault(each["slug"], way)
    return list(first.values())


def ways_in(request: HttpRequest) -> SafeString:
    found = ways()
    return _drawn("demo/_ways_in.html", request, ways=found) if found else mark_safe("")


def corner(request: HttpRequest) -> SafeString:
    made_at = world.made_at()
    if made_at is None:
        return mark_safe("")
    return _drawn("demo/_corner.html", request, made_at=made_at, ways=ways())


def _drawn(template: str, request: HttpRequest, **values: object) -> SafeString:
    # without the request: its context would ask for these very fragments again
    context = {**values, "csrf_token": get_token(request), "next": request.GET.get("next", "")}
    return render_to_string(template, context)
