"""A POST with an `Idempotency-Key` happens once, however often it is sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Status
from pydantic import BaseModel

from deskbell.api.problems import invalid
from deskbell.events.once import once as do_once

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[\x20-\x7e]{1,200}")


def once(request: HttpRequest, content: BaseModel | dict[str, Any], act: Callable[[], Any]) -> Status:
    """201 with what `act` returns; with a key seen before, 201 with the first answer.

    A refusal is not kept: after it the same key may be tried again. Raises KeyReused when the key came with
    other content, Problem when it is too long.
    """
    key = request.headers.get(HEADER)
    if key is None:
        with transaction.atomic():
            return Status(201, act())
    if not _KEY.fullmatch(key):
        raise invalid(HEADER, _("At most 200 printable characters."))
    sent = content.model_dump(exclude_unset=True) if isinstance(content, BaseModel) else content
    scope = f"api:{request.auth.pk}"  # type: ignore[attr-defined]
    first, _ran_now = do_once(scope, key, [request.method, request.path, sent], act)
    return Status(201, first)
