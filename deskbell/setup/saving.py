"""A form of the setup is carried out once, however often it is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from deskbell.events.models import Once
from deskbell.events.once import KeyReused, digest, once
from deskbell.kit.once import FIELD, key_of, new_key
from deskbell.setup.access import Request


def saved_once(request: Request, scope: str, form: forms.Form, act: Callable[[], Any]) -> bool:
    """Whether the form is carried out, now or by an earlier click; else it says what is wrong.

    `act` returns something JSON can hold; what it raises is the caller's.
    """
    return answered_once(request, scope, form, lambda: [act()]) is not None


def answered_once(request: Request, scope: str, form: forms.Form, act: Callable[[], Any]) -> Any:
    """What `act` answered, now or at an earlier click; None when the form says what is wrong."""
    try:
        return once(_scope(request, scope), key_of(request) or new_key(), _content(request), act)[0]
    except KeyReused:
        form.add_error(None, _("This form was sent before with other words. Send it again if you mean both."))
        return None


def done_once(request: Request, scope: str, act: Callable[[], None]) -> None:
    """A button without words: a second click of the same one does nothing."""

    def acted() -> bool:
        act()
        return True

    once(_scope(request, scope), key_of(request) or new_key(), {}, acted)


def sent_before(request: Request, scope: str) -> bool:
    """Whether this very form was carried out by an earlier click: its name would now be refused as taken."""
    rows = Once.objects.filter(scope=_scope(request, scope), key=key_of(request))
    known = rows.filter(digest=digest(_content(request)))
    return request.method == "POST" and known.exists()


def _scope(request: Request, scope: str) -> str:
    return f"setup.{scope}:{request.user.pk}"


def _content(request: Request) -> dict[str, list[str]]:
    """What was typed."""
    given = {name: request.POST.getlist(name) for name in request.POST}
    return {name: values for name, values in given.items() if name not in {FIELD, "csrfmiddlewaretoken"}}
