"""Who writes by a chat: known by the ids the chat gives people, else by a number that is surely his."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from deskbell.events.actor import SYSTEM, Actor
from deskbell.events.publish import publish
from deskbell.people import events, permissions
from deskbell.people.actions.addresses import _new_person
from deskbell.people.actions.guard import may_touch, require
from deskbell.people.models import Identity, User
from deskbell.people.whatsapp import aliases

WA_ID, BSUID, LID = Identity.Kind.WA_ID, Identity.Kind.WA_BSUID, Identity.Kind.WA_LID
CAME, SIGN, CODE = Identity.Proof.CAME, Identity.Proof.SIGN, Identity.Proof.CODE


@transaction.atomic
def person_for_whatsapp(
    *, wa_id: str, bsuid: str, scope: str, name: str, lid: str = "", by: Actor | User = SYSTEM
) -> tuple[User, bool]:
    """The person with this WhatsApp number (digits) or business-scoped id, made when nobody has either; and
    whether he was made. `scope` is the account in which `bsuid` is unique; `lid` the hidden id that WhatsApp
    Web may know him by alone. What is new of him is noted. Somebody known by a number that was told of him
    has not proven that it is his.

    The caller sees to it that nobody looks for the same ids beside him. Raises ValueError without an id.
    """
    if not (wa_id or bsuid or lid):
        raise ValueError("nobody")
    given = _given(wa_id, bsuid, scope, lid)
    person = _known(given) or _with_phone(wa_id)
    made = person is None
    person = person or _new_person(name or (f"+{wa_id}" if wa_id else ""), "whatsapp", by)
    _note(person, given, by, proof=CAME if made else "")
    return person, made


def _given(wa_id: str, bsuid: str, scope: str, lid: str) -> list[tuple[str, str, str]]:
    """(kind, scope, key) of each that is given."""
    every = [(WA_ID, "", wa_id), (BSUID, scope, bsuid), (LID, "", lid)]
    return [each for each in every if each[2]]


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


def whatsapp_owner(*, wa_id: str, bsuid: str, scope: str, lid: str = "") -> tuple[User | None, bool]:
    """Who has the number or id, none when nobody has; and whether the id shows that it is still he: it
    changes with the number.
    """
    by_id = _known(_given("", bsuid, scope, lid))
    return by_id or _known([(WA_ID, "", wa_id)] if wa_id else []), by_id is not None


def _note(
    person: User, given: Sequence[tuple[str, str, str]], by: Actor | User, *, proof: str = ""
) -> list[Identity]:
    """The person's rows of these ids. New ones are proven by `proof`, else as an old one among them is:
    WhatsApp says that all are of one person.
    """
    noted = [_noted(person, kind, scope, key, by) for kind, scope, key in given]
    his = [(row, made) for row, made in noted if row.user_id == person.pk]
    how = proof or next((row.proven_how for row, made in his if row.proven_at and not made), "")
    for row, made in his:
        if made and how:
            _set_proof(row, how)
    return [row for row, _made in his]


def _noted(person: User, kind: str, scope: str, key: str, by: Actor | User) -> tuple[Identity, bool]:
    first = not Identity.objects.filter(user=person, kind=kind).exists()
    given = f"+{key}" if kind == WA_ID else key
    verified = {"verified_at": timezone.now(), "verified_how": "channel"}
    row, made = Identity.objects.get_or_create(
        kind=kind,
        scope=scope,
        key=key,
        defaults={"user": person, "given": given, "primary": first, **verified},
    )
    if made:
        added = events.IdentityAdded(identity_kind=kind, verified_how="channel", given=given)
        publish(added, about=person, by=by)
    return row, made


def _set_proof(row: Identity, how: str) -> None:
    row.proven_at, row.proven_how = timezone.now() if how else None, how
    row.save(update_fields=["proven_at", "proven_how"])


@transaction.atomic
def move_whatsapp(
    *, wa_id: str, bsuid: str, scope: str, new_wa_id: str = "", new_bsuid: str = "", by: Actor | User = SYSTEM
) -> tuple[User | None, User | None]:
    """WhatsApp says that who had this number or id has another one now: it takes the place of the old.

    Gives the person, none when nobody has the old one, and who has the new one already: then nothing moves,
    for nobody but people can say whether the two are one.
    """
    old = [(WA_ID, "", wa_id, new_wa_id)] * bool(wa_id and new_wa_id)
    old += [(BSUID, scope, bsuid, new_bsuid)] * bool(bsuid and new_bsuid)
    person = _known([(kind, within, key) for kind, within, key, _new in old])
    if person is None:
        return None, None
    for kind, within, _key, new in old:
        taken = _identity(kind, within, [new, *(aliases(new) if kind == WA_ID else [])])
        if taken and taken.user != person:
            return person, taken.user
    for kind, within, key, new in old:
        before = Identity.objects.filter(user=person, kind=kind, scope=within, key=key).first()
        _note(person, [(kind, within, new)], by, proof=before.proven_how if before else "")
        if key != new:
            retire_whatsapp(person, kind, within, key, by=by)
    return person, None


@transaction.atomic
def retire_whatsapp(person: User, kind: str, scope: str, key: str, *, by: Actor | User = SYSTEM) -> None:
    """A number or id is the person's no more; of what he has left one becomes the primary."""
    row = Identity.objects.select_for_update().filter(user=person, kind=kind, scope=scope, key=key).first()
    if row is None:
        return
    row.delete()
    publish(events.IdentityRemoved(identity_kind=kind, given=row.given), about=person, by=by)
    heir = Identity.objects.filter(user=person, kind=kind).order_by("pk").first()
    if row.primary and heir:
        heir.primary = True
        heir.save(update_fields=["primary"])


@transaction.atomic
def bind_whatsapp(
    person: User,
    *,
    wa_id: str,
    bsuid: str,
    scope: str,
    lid: str = "",
    proof: str = SIGN,
    by: Actor | User = SYSTEM,
) -> bool:
    """Who has the number has shown that he is `person`, by a sign or a code (`proof`). False, and nothing is
    bound, where the number or id belongs to somebody else who has an account or an address of his own.
    """
    given = _given(wa_id, bsuid, scope, lid)
    other = _known(given)
    if other and other != person:
        if other.has_usable_password() or Identity.objects.filter(user=other, kind="email").exists():
            return False
        theirs = Identity.objects.filter(user=other, kind__in=(WA_ID, BSUID, LID))
        for kind, within, key in theirs.values_list("kind", "scope", "key"):
            retire_whatsapp(other, kind, within, key, by=by)
    for row in _note(person, given, by):
        is_news = row.kind == WA_ID and row.proven_how not in (SIGN, CODE)
        _set_proof(row, proof)
        if is_news:
            publish(events.NumberProven(given=row.given, how=proof), about=person, by=by)
    return True


def use_whatsapp(number: Identity) -> None:
    """The person signed in by it just now: it is still his."""
    number.proven_at = timezone.now()
    number.save(update_fields=["proven_at"])


@transaction.atomic
def doubt_whatsapp(person: User, wa_id: str, *, by: Actor | User = SYSTEM) -> None:
    """Somebody else may have the number now, or the person, or who may close his account, does not want it
    so: it signs in no more until he proves it anew. Raises NotAllowed.
    """
    if isinstance(by, User) and by.pk != person.pk:
        require(by, permissions.PEOPLE_INVITE)
        may_touch(person, by)
    numbers = Identity.objects.select_for_update().filter(user=person, kind=WA_ID, proven_at__isnull=False)
    for number in numbers.filter(key__in=[wa_id, *aliases(wa_id)]).order_by("pk"):
        _set_proof(number, "")
        publish(events.NumberDoubted(given=number.given), about=person, by=by)


@transaction.atomic
def person_anew(
    *, wa_id: str, bsuid: str, scope: str, name: str, lid: str = "", by: Actor | User = SYSTEM
) -> User:
    """Somebody new behind a number that others had: the old ones have it no more."""
    given = _given(wa_id, bsuid, scope, lid)
    for kind, within, key in given:
        if found := _identity(kind, within, [key, *(aliases(key) if kind == WA_ID else [])]):
            retire_whatsapp(found.user, kind, within, found.key, by=by)
    person = _new_person(name or (f"+{wa_id}" if wa_id else ""), "whatsapp", by)
    _note(person, given, by, proof=CAME)
    return person
