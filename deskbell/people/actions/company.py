"""The company whose desk this is."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction

from deskbell.events.actor import Actor
from deskbell.events.publish import publish
from deskbell.files.models import Blob
from deskbell.people import companies, events, permissions, pictures
from deskbell.people.actions.guard import require
from deskbell.people.models import (
    Company,
    User,
)
from deskbell.people.pictures import Picture


@transaction.atomic
def change_company(*, by: Actor | User, **values: Any) -> Company:
    """Change fields of the company; what is as it was is left alone. Takes over the first values.

    `logo` and `icon` are a `pictures.Picture`, or None to remove it. Raises NotAllowed.
    """
    require(by, permissions.SETUP)
    row = _own_company()
    changed = _put_pictures(row, values)
    changed += [name for name, value in values.items() if getattr(row, name) != value]
    for name, value in values.items():
        setattr(row, name, value)
    if changed:
        row.version += 1
        row.save()
        publish(events.CompanyChanged(fields=sorted(set(changed))), about=row, by=by)
        companies.forget()
        transaction.on_commit(companies.forget)
    return row


def _own_company() -> Company:
    """The row, locked; made of the first values where there is none."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('people.company', 0))")
    return Company.objects.select_for_update(no_key=True).first() or companies.first_values()


def _put_pictures(row: Company, values: dict[str, Any]) -> list[str]:
    """Move logo and icon out of `values` into `row`; the icon follows the logo unless one is given."""
    before = row.logo_id, row.icon_id
    if "logo" in values:
        logo: Picture | None = values.pop("logo")
        row.logo = logo.blob if logo else None
        row.logo_width, row.logo_height = (logo.width, logo.height) if logo else (0, 0)
        if not row.icon_given:
            row.icon = logo.icon if logo else None
    if "icon" in values:
        icon: Picture | None = values.pop("icon")
        row.icon_given = icon is not None
        row.icon = icon.icon if icon else _icon_of_logo(row)
    after = row.logo_id, row.icon_id
    return [name for name, old, new in zip(("logo", "icon"), before, after, strict=True) if old != new]


def _icon_of_logo(row: Company) -> Blob | None:
    return pictures.icon_of(row.logo) if row.logo else None
