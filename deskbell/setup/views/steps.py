"""The first steps: what a new desk needs before its first day."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from deskbell.channels.email.driver import mail_goes_to_files
from deskbell.events.once import KeyReused, once
from deskbell.kit.once import accepted, key_of, new_key
from deskbell.notifications.mail import put_test
from deskbell.people import actions, permissions
from deskbell.people.queries import company
from deskbell.setup import steps as first
from deskbell.setup.access import Request, permitted
from deskbell.setup.company import SupportForm
from deskbell.setup.pages import show
from deskbell.tickets.models import Ticket


@require_safe
@permitted(permissions.SETUP)
def steps(request: Request) -> HttpResponse:
    address = company().support_address
    shown = "" if address == settings.FACTORY_ADDRESS else address
    return _page(request, SupportForm(initial={"support_address": shown}))


def _page(request: Request, form: SupportForm, status: int = 200) -> HttpResponse:
    steps = first.steps()
    waiting = [step.slug for step in steps if step.open]
    tickets = Ticket.objects.visible_to(request.user).filter(first_responded_at=None)
    context = {
        "steps": steps,
        "done": sum(step.done for step in steps),
        "current": waiting[0] if waiting else "",
        "form": form,
        "desk": company(),
        "ticket": tickets.order_by("-pk").first() if "ticket" in waiting else None,
        **_mail(),
    }
    return show(request, "steps.html", context, status=status)


def _mail() -> dict[str, Any]:
    return {"test": first.test_mail(), "files": settings.EMAIL_FILE_PATH if mail_goes_to_files() else ""}


@require_POST
@permitted(permissions.SETUP)
def support(request: Request) -> HttpResponse:
    """Store the support address and send a test mail from it to the person himself."""
    form = SupportForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    address = form.cleaned_data["support_address"]
    try:
        once(
            f"setup.test:{request.user.pk}",
            key_of(request) or new_key(),
            {"address": address},
            lambda: _send(request, address),
        )
    except KeyReused:  # sent again with another address from a page the browser had kept
        _send(request, address)
    return accepted(redirect("setup:steps"), request)


@transaction.atomic
def _send(request: Request, address: str) -> None:
    actions.change_company(by=request.user, support_address=address)
    put_test(request.user)


@require_safe
@permitted(permissions.SETUP)
def mail(request: Request) -> HttpResponse:
    """What became of the test mail, asked again while it is on its way; then the whole page is due."""
    answer = render(request, "setup/_test_mail.html", _mail())
    test = first.test_mail()
    if test is None or test.state not in ("queued", "sending") or test.error_code:
        answer["HX-Refresh"] = "true"
    return answer


@require_POST
@permitted(permissions.SETUP)
def skipping(request: Request, step: str) -> HttpResponse:
    """Leave one step out, or all of them; once more brings it back."""
    if step not in (*first.DONE, "all"):
        raise Http404
    skipped = set(company().skipped_steps)
    changed = set(first.DONE) if step == "all" else skipped ^ {step}
    actions.change_company(by=request.user, skipped_steps=[s for s in first.DONE if s in changed])
    return redirect("setup:people" if step == "all" else "setup:steps")
