"""Reads over people."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from deskbell.people import permissions
from deskbell.people.actions import token_digest
from deskbell.people.models import ApiToken, Grant, Identity, Organization, Team, User
from deskbell.people.rights import rights_of

TOKEN_USE_NOTED_EVERY = timedelta(minutes=5)


def visible_people(user: User) -> QuerySet[User]:
    """The people `user` may look up: everybody for those with the permission, else himself."""
    if rights_of(user).has(permissions.PEOPLE_VIEW):
        return User.objects.all()
    return User.objects.filter(pk=user.pk)


def visible_organizations(user: User) -> QuerySet[Organization]:
    """All for staff who may look people up; one's own for everybody else."""
    if rights_of(user).has(permissions.PEOPLE_VIEW):
        return Organization.objects.all()
    return Organization.objects.filter(pk=user.organization_id or 0)


def find_people(user: User, words: str, *, limit: int = 10) -> QuerySet[User]:
    """People whose name, address or phone contains `words`, among those `user` may look up."""
    named = Exists(Identity.objects.filter(user=OuterRef("pk"), key__icontains=words.strip()))
    digits = "".join(c for c in words if c.isdigit())
    condition = Q(name__icontains=words.strip()) | Q(named)
    if len(digits) >= 4:
        condition |= Q(
            Exists(Identity.objects.filter(user=OuterRef("pk"), kind="phone", key__contains=digits))
        )
    return visible_people(user).filter(condition, is_active=True).order_by("name", "pk")[:limit]


def staff() -> QuerySet[User]:
    """Active people who work at the desk."""
    works = Grant.objects.filter(user=OuterRef("pk"), role__permissions__contains=[permissions.DESK])
    return User.objects.filter(Exists(works), is_active=True).order_by("name", "pk")


def members(team: Team | int) -> QuerySet[User]:
    """Active staff with a grant in the team."""
    works = Grant.objects.filter(
        user=OuterRef("pk"), team=team, role__permissions__contains=[permissions.DESK]
    )
    return User.objects.filter(Exists(works), is_active=True).order_by("name", "pk")


def holder_of_token(token: str) -> tuple[User, ApiToken] | None:
    """The active person behind an API token that was not revoked. Notes its use now and then."""
    row = (
        ApiToken.objects.select_related("user")
        .filter(digest=token_digest(token), revoked_at=None, user__is_active=True)
        .first()
    )
    if row is None:
        return None
    if row.last_used_at is None or row.last_used_at < timezone.now() - TOKEN_USE_NOTED_EVERY:
        ApiToken.objects.filter(pk=row.pk).update(last_used_at=timezone.now())
    return row.user, row
