"""Mails that a mail service brings by HTTP (its "inbound webhook" or "route").

django-anymail knows how each service signs and shapes its requests. Where a service can send the mail as it
came, exactly those bytes are taken; else the mail is put together from the parts the service made of it.
"""

from __future__ import annotations

import json
import logging
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from email import policy
from email.parser import BytesParser
from typing import Any

from anymail.exceptions import AnymailError, AnymailWebhookValidationFailure
from anymail.utils import get_request_basic_auth
from anymail.webhooks.mailersend import MailerSendInboundWebhookView
from anymail.webhooks.mailgun import MailgunInboundWebhookView
from anymail.webhooks.mailjet import MailjetInboundWebhookView
from anymail.webhooks.postal import PostalInboundWebhookView
from anymail.webhooks.postmark import PostmarkInboundWebhookView
from anymail.webhooks.sparkpost import SparkPostInboundWebhookView
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, QueryDict
from django.utils.crypto import constant_time_compare
from django.utils.datastructures import MultiValueDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

log = logging.getLogger(__name__)

#: the name in the address of a push, before its token
USER = "deskbell"


class Refused(Exception):
    """Whoever asks is not the mail service."""


@dataclass(frozen=True)
class Pushed:
    """A mail as it was brought; what the service did not say of the envelope is empty."""

    raw: bytes
    sender: str = ""
    to: str = ""


@dataclass(frozen=True)
class Service:
    """`key` is what the service's view calls the key its requests are signed with; empty: it signs none.

    `raw` gives the mail as it came out of the service's event, None when the event does not hold it.
    """

    name: str | Promise
    view: type[Any] | None
    key: str = ""
    key_is: str | Promise = ""
    raw: Callable[[Any], bytes | None] = lambda event: None


def _at(*path: str, encoded: str = "") -> Callable[[Any], bytes | None]:
    """The text at `path` of a JSON event, in base64 when the flag beside it named `encoded` says so."""

    def found(event: Any) -> bytes | None:
        holder = event
        for name in path[:-1]:
            holder = holder.get(name) if isinstance(holder, dict) else None
        text = holder.get(path[-1]) if isinstance(holder, dict) else None
        if not isinstance(text, str) or not text:
            return None
        return b64decode(text) if encoded and holder.get(encoded) is True else text.encode()

    return found


SERVICES: dict[str, Service] = {
    "mailgun": Service(
        "Mailgun", MailgunInboundWebhookView, "webhook_signing_key", _("HTTP webhook signing key")
    ),
    "mailersend": Service(
        "MailerSend",
        MailerSendInboundWebhookView,
        "inbound_secret",
        _("Secret of the inbound route"),
        raw=_at("data", "raw"),
    ),
    "mailjet": Service("Mailjet", MailjetInboundWebhookView),
    "postal": Service(
        "Postal",
        PostalInboundWebhookView,
        "webhook_key",
        _("Public key (the p= part of its DKIM record)"),
        raw=_at("message", encoded="base64"),
    ),
    "postmark": Service("Postmark", PostmarkInboundWebhookView, raw=_at("RawEmail")),
    "sparkpost": Service(
        "SparkPost",
        SparkPostInboundWebhookView,
        raw=_at("msys", "relay_message", "content", "email_rfc822", encoded="email_rfc822_is_base64"),
    ),
    "raw": Service(_("Any program that sends the mail as it is"), None),
}


def read(request: HttpRequest, service: str, *, token: str, key: str = "") -> list[Pushed]:
    """The mails in `request`. Raises Refused.

    One that the library cannot read is not lost: the request's content stands for it, and is held back.
    """
    known = SERVICES[service]
    if not constant_time_compare(get_request_basic_auth(request) or "", f"{USER}:{token}"):
        raise Refused("the address names another token")
    _read_body(request)
    if known.view is None:
        return [Pushed(request.body)] if request.body else []
    view = known.view(webhook_secret=f"{USER}:{token}", **({known.key: key} if known.key else {}))
    try:
        view.run_validators(request)
    except AnymailWebhookValidationFailure as error:
        raise Refused(str(error)) from error
    try:
        return _mails(view, request, known)
    except (AnymailError, LookupError, TypeError, ValueError, AttributeError, AssertionError) as error:
        log.warning(
            "a pushed mail could not be read", extra={"service": service, "error": type(error).__name__}
        )
        return [Pushed(request.body)]


def _mails(view: Any, request: HttpRequest, service: Service) -> list[Pushed]:
    whole = _as_they_came(request, service)
    mails = [mail for mail in whole if mail is not None]
    if mails and len(mails) == len(whole):
        return mails
    messages = [event.message for event in view.parse_events(request) if event.message is not None]
    return [
        Pushed(one.as_bytes(), one.envelope_sender or "", one.envelope_recipient or "") for one in messages
    ]


def _as_they_came(request: HttpRequest, service: Service) -> list[Pushed | None]:
    """Each mail of the request; None for one that the service has taken apart."""
    if request.content_type == "application/json":
        events = json.loads(request.body)
        raws = [service.raw(event) for event in (events if isinstance(events, list) else [events])]
        return [Pushed(raw) if raw is not None else None for raw in raws]
    form = request.POST
    mime = form.get("body-mime")
    if not mime:
        return [None]
    raw = mime.encode("utf-8", "surrogateescape")
    return [Pushed(raw, form.get("sender", ""), form.get("recipient", ""))]


def _read_body(request: HttpRequest) -> None:
    """The whole body, within the limit of config.asgi: Django's own is made for forms that people fill in."""
    if not hasattr(request, "_body"):
        request._body = request.read()
    if request.content_type != "multipart/form-data":
        return
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    form = BytesParser(policy=policy.HTTP).parsebytes(head + request.body)
    post, files = QueryDict(mutable=True), MultiValueDict[str, SimpleUploadedFile]()
    for part in form.iter_parts():
        content = part.get_payload(decode=True)
        content = content if isinstance(content, bytes) else b""
        name, filename = str(part.get_param("name", "", "content-disposition")), part.get_filename()
        if filename is None:
            post.appendlist(name, content.decode("utf-8", "surrogateescape"))
        else:
            files.appendlist(name, SimpleUploadedFile(filename or "file", content, part.get_content_type()))
    request._post, request._files = post, files  # type: ignore[attr-defined]
