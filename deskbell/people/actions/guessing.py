"""Many wrong passwords, codes or tokens become one entry of the audit trail."""

from __future__ import annotations

from django.core.cache import cache
from django.db import transaction
from django.utils.crypto import salted_hmac

from deskbell.events.actor import SYSTEM
from deskbell.events.publish import Subject, publish
from deskbell.people import events

#: seconds in which the same is noted once
NOTED_EVERY = 3600


def note_guessing(*, what: str, target: str) -> None:
    """Somebody guesses at one account (`target`: the address typed, whether or not anybody has it) or from
    one network address: `what` is account or address. Called whenever a limit is reached.
    """
    key = salted_hmac("people.guessing", f"{what}:{target.casefold()}", algorithm="sha256").hexdigest()
    if cache.add(f"guessing:{key}", True, NOTED_EVERY):
        with transaction.atomic():
            event = events.Guessed(what=what, target=target)
            publish(event, about=Subject("installation"), by=SYSTEM)
