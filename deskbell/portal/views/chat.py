"""Chat with us: the way from the portal into one's own WhatsApp, by which the chat is known to be his."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import segno
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from deskbell.channels.actions.references import make_reference, numbers_to_chat_with
from deskbell.people.rules import reads_only
from deskbell.portal.access import Request, signed_in


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def chat(request: Request) -> HttpResponse:
    """A POST makes a link that is good once, for a day."""
    numbers = numbers_to_chat_with() if not reads_only(request.user) else []
    ways: list[dict[str, Any]] = []
    if request.method == "POST" and numbers:
        sign = make_reference(request.user)
        words = _("Hello, this is %(name)s.") % {"name": request.user.display_name} + f" [ref:{sign}]"
        for number in numbers:
            digits = "".join(filter(str.isdigit, number.whatsapp.display_number))
            link = f"https://wa.me/{digits}?text={quote(words)}"
            picture = segno.make(link, error="m", micro=False).svg_data_uri(
                scale=5, border=3, dark="#101418", light="#ffffff"
            )
            ways.append({"number": number.whatsapp.display_number, "link": link, "qr": picture})
    return render(request, "portal/chat.html", {"numbers": numbers, "ways": ways})
