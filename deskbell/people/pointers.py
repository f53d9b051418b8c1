"""Where a person went who was merged into another."""

from __future__ import annotations

from django.db.models import QuerySet

from deskbell.people.models import User


def final(person: User) -> User:
    """The person of whom `person` has become part, himself where he was not merged; in no query then."""
    seen = {person.pk}
    while person.merged_into_id is not None and person.merged_into_id not in seen:
        following = User.objects.filter(pk=person.merged_into_id).first()
        if following is None:
            break
        seen.add(following.pk)
        person = following
    return person


def final_id(pk: int) -> int:
    """As `final`, by ids; that of somebody unknown stays."""
    person = User.objects.filter(pk=pk, merged_into__isnull=False).first()
    return final(person).pk if person else pk


def parts_of(person: User) -> list[User]:
    """Everybody who became part of `person`, and of those; not himself."""
    found: list[User] = []
    layer = [person.pk]
    while layer:
        rows: QuerySet[User] = User.objects.filter(merged_into__in=layer).exclude(
            pk__in=[person.pk, *(each.pk for each in found)]
        )
        more = list(rows.order_by("pk"))
        found += more
        layer = [each.pk for each in more]
    return found
