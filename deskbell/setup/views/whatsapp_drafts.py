"""Built-in templates of a WhatsApp number are sent for approval."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from deskbell.channels.actions.whatsapp_drafts import NotSubmitted, submit_draft
from deskbell.channels.models import Channel
from deskbell.channels.whatsapp.drafts import LANGUAGES, draft_named
from deskbell.kit.stored import said
from deskbell.people import permissions
from deskbell.setup.access import Request, permitted


@require_POST
@permitted(permissions.SETUP)
def drafts(request: Request, pk: int) -> HttpResponse:
    """Send the draft `name` in `language`; one that is there already is shown as it stands."""
    numbers = Channel.objects.select_related("whatsapp").filter(kind=Channel.Kind.WHATSAPP_CLOUD)
    channel = get_object_or_404(numbers, pk=pk)
    draft, language = draft_named(request.POST.get("name", "")), request.POST.get("language", "")
    if draft is None or language not in LANGUAGES:
        raise Http404
    words = {"name": draft.name, "language": LANGUAGES[language]}
    try:
        if submit_draft(channel, draft, language, by=request.user):
            messages.success(
                request, _("“%(name)s” (%(language)s) is sent to WhatsApp for approval.") % words
            )
        else:
            messages.info(request, _("WhatsApp has “%(name)s” (%(language)s) already.") % words)
    except NotSubmitted as error:
        reason = said(str(error))
        messages.error(
            request, _("“%(name)s” (%(language)s) was not sent. %(reason)s") % {**words, "reason": reason}
        )
    return redirect(reverse("setup:whatsapp_number", args=[pk]) + f"#draft-{draft.name}")
