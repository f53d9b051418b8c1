"""Pages of answers given before Django has the request: in the browser's language, without a database."""

from __future__ import annotations

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation.trans_real import get_supported_language_variant, parse_accept_lang_header

from deskbell.kit.http_body import Answered


def page(answer: Answered, accepted: str) -> str:
    """`answer` as HTML; `accepted` is the browser's Accept-Language, "" without one."""
    with translation.override(_language(accepted)):
        values = {
            "title": translation.gettext(answer.title),
            "detail": translation.gettext(answer.detail) % answer.values,
        }
        return render_to_string("kit/early.html", values)


def _language(accepted: str) -> str:
    for wanted, _weight in parse_accept_lang_header(accepted[:500].lower()):
        try:
            return str(get_supported_language_variant(wanted))
        except LookupError:
            continue
    return str(settings.LANGUAGE_CODE)
