"""The roles of a new desk."""

from __future__ import annotations

from typing import Any

from deskbell.people.models import Role
from deskbell.people.permissions import EVERYTHING, OWNER, SEEDED_ROLES


def ensure(**_signal: Any) -> None:
    """Make them where there are none yet; what an administrator shaped later is left alone.

    The owner's is complete in every version: what a permission is new in reaches him at once.
    """
    if Role.objects.exists():
        Role.objects.filter(slug=OWNER).update(permissions=list(EVERYTHING), scope=Role.Scope.ALL)
        return
    Role.objects.bulk_create(
        Role(slug=r.slug, name=r.name, scope=r.scope, permissions=list(r.permissions)) for r in SEEDED_ROLES
    )
