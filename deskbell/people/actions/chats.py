"""Who writes by a chat: known by the ids the chat gives people, else by a number that is surely his."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from deskbell.events.actor import SYSTEM, Actor
from deskbell.events.publish import publish
from deskbell.people import events
from deskbell.people.actions.addresses import _new_person
from deskbell.people.models import Identity, User
from deskbell.people.whatsapp import aliases

WA_ID, BSUID, LID = Identity.Kind.WA_ID, Identity.Kind.WA_BSUID, Identity.Kind.WA_LID


@transaction.atomic
def person_for_whatsapp(
    *, wa_id: str, bsuid: str, scope: str, name: str, lid: str = "", by: Actor | User = SYSTEM
) -> tuple[User, bool]:
    """The person with this WhatsApp number (digits) or business-scoped id, made when nobody has either; and
    whether he was made. `scope` is the account in which `bsuid` is unique; `lid` the hidden id that WhatsApp
    Web may know him by alone. What is new of him is noted.

    The caller sees to it that nobody looks for the same ids beside him. Raises ValueError without an id.
    """
    if not (wa_id or bsuid or lid):
        raise ValueError("nobody")
    given = [(WA_ID, "", wa_id)] * bool(wa_id) + [(BSUID, scope, bsuid)] * bool(bsuid)
    given += [(LID, "", lid)] * bool(lid)
    person = _known(given) or _with_phone(wa_id)
    made = person is None
    person = person or _new_person(name or (f"+{wa_id}" if wa_id else ""), "whatsapp", by)
    for kind, within, key in given:
        _note(person, kind, within, key, by)
    return person, made


def _known(given: Sequence[tuple[str, str, str]]) -> User | None:
    """By the exact ids, then by other ways to write the same number."""
    for kind, scope, key in given:
        if found := _identity(kind, scope, [key]):
            return found.user
    numbers = [other for kind, _scope, key in given if kind == WA_ID for other in aliases(key)]
    found = _identity(WA_ID, "", numbers) if numbers else None
    return found.user if found else None


def _identity(kind: str, scope: str, keys: list[str]) -> Identity | None:
    rows = Identity.objects.select_related("user").filter(kind=kind, scope=scope, key__in=keys)
    return rows.order_by("pk").first()


def _with_phone(wa_id: str) -> User | None:
    """Who has this phone number beyond doubt: it was verified, or he never had an account of his own into
    which he could have written somebody else's number.
    """
    if not wa_id:
        return None
    keys = [f"+{number}" for number in (wa_id, *aliases(wa_id))]
    found = _identity(Identity.Kind.PHONE, "", keys)
    if found is None or not (found.verified_at or not found.user.has_usable_password()):
        return None
    return found.user


def _note(person: User, kind: str, scope: str, key: str, by: Actor | User) -> None:
    first = not Identity.objects.filter(user=person, kind=kind).exists()
    given = f"+{key}" if kind == WA_ID else key
    proven = {"verified_at": timezone.now(), "verified_how": "channel"}
    _row, made = Identity.objects.get_or_create(
        kind=kind, scope=scope, key=key, defaults={"user": person, "given": given, "primary": first, **proven}
    )
    if made:
        added = events.IdentityAdded(identity_kind=kind, verified_how="channel", given=given)
        publish(added, about=person, by=by)
