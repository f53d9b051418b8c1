"""Every write about teams, organisations and their sites once they exist.

Nothing in use is deleted: it is switched off where that makes sense, and refused with InUse elsewhere.
"""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models import ProtectedError

from deskbell.events.actor import Actor
from deskbell.events.publish import publish
from deskbell.people import events, permissions
from deskbell.people.actions import AddressTaken, NotAllowed, add_domain, change_person
from deskbell.people.addresses import domain_key, is_public_mail_domain
from deskbell.people.models import Grant, Invitation, Organization, OrganizationDomain, Site, Team, User
from deskbell.people.rights import rights_of

__all__ = ["AddressTaken", "InUse", "NameTaken", "NotAllowed", "PublicDomain"]


class NameTaken(Exception):
    """Another one of its kind has this name."""


class InUse(Exception):
    """Something still refers to it."""


class PublicDomain(Exception):
    """Anybody can have an address there, so its people belong to no company."""


def require(by: Actor | User, permission: str) -> None:
    """Raises NotAllowed; the system may do anything."""
    if isinstance(by, User) and not rights_of(by).has(permission):
        raise NotAllowed(permission)


def apply(row: models.Model, values: dict[str, Any]) -> list[str]:
    """Give `row` those `values` that are new and save it; their names, sorted. Raises NameTaken."""
    changed = sorted(name for name, value in values.items() if getattr(row, name) != value)
    for name in changed:
        setattr(row, name, values[name])
    if changed or row.pk is None:
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError as error:
            raise NameTaken(str(row)) from error
    return changed


def delete(row: models.Model) -> None:
    """Raises InUse when a protected row refers to it."""
    try:
        row.delete()
    except ProtectedError as error:
        raise InUse(str(row)) from error


# --- teams --------------------------------------------------------------------------------------


@transaction.atomic
def add_team(*, by: Actor | User, **values: Any) -> Team:
    """`values`: name, address, active. Raises NameTaken."""
    require(by, permissions.TEAMS)
    team = Team()
    apply(team, values)
    publish(events.TeamAdded(name=team.name), about=team, by=by)
    return team


@transaction.atomic
def change_team(team: Team, *, by: Actor | User, **values: Any) -> None:
    """Raises NameTaken."""
    require(by, permissions.TEAMS)
    team = Team.objects.select_for_update(no_key=True).get(pk=team.pk)
    before = team.name
    if changed := apply(team, values):
        publish(events.TeamChanged(name=before, fields=changed), about=team, by=by)


@transaction.atomic
def remove_team(team: Team, *, by: Actor | User) -> None:
    """Delete a team that nobody is in and nothing names; `tickets` adds what it knows. Raises InUse."""
    require(by, permissions.TEAMS)
    team = Team.objects.select_for_update().get(pk=team.pk)
    if Grant.objects.filter(team=team).exists() or Invitation.objects.filter(team=team).exists():
        raise InUse(team.name)
    publish(events.TeamRemoved(name=team.name), about=team, by=by)
    delete(team)


# --- organisations ------------------------------------------------------------------------------


@transaction.atomic
def add_organization(
    *, by: Actor | User, name: str, notes: str, domains: list[str], needs_approval: bool = False
) -> Organization:
    """Raises NameTaken, BadAddress, AddressTaken, PublicDomain."""
    require(by, permissions.SETUP)
    organization = Organization()
    apply(organization, {"name": name, "notes": notes, "needs_approval": needs_approval})
    publish(events.OrganizationAdded(), about=organization, by=by)
    _set_domains(organization, domains, by=by)
    return organization


@transaction.atomic
def change_organization(
    organization: Organization,
    *,
    by: Actor | User,
    name: str,
    notes: str,
    domains: list[str],
    needs_approval: bool = False,
) -> None:
    """`domains` are all it shall have. Raises NameTaken, BadAddress, AddressTaken, PublicDomain."""
    require(by, permissions.SETUP)
    organization = Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    if changed := apply(organization, {"name": name, "notes": notes, "needs_approval": needs_approval}):
        publish(events.OrganizationChanged(fields=changed), about=organization, by=by)
    _set_domains(organization, domains, by=by)


def _set_domains(organization: Organization, wanted: list[str], *, by: Actor | User) -> None:
    rows = OrganizationDomain.objects.filter(organization=organization)
    present, wanted = set(rows.values_list("domain", flat=True)), [domain_key(given) for given in wanted]
    if public := [domain for domain in wanted if is_public_mail_domain(domain)]:
        raise PublicDomain(public[0])
    gone = present - set(wanted)
    if gone:
        rows.filter(domain__in=gone).delete()
        publish(events.OrganizationChanged(fields=["domains"]), about=organization, by=by)
    for domain in wanted:
        if domain not in present:
            try:
                with transaction.atomic():
                    add_domain(organization, domain, by=by)
            except IntegrityError as error:  # another organisation took it a moment ago
                raise AddressTaken(domain) from error


@transaction.atomic
def remove_organization(organization: Organization, *, by: Actor | User) -> None:
    """Delete one that nobody belongs to; `tickets` adds what it knows. Raises InUse."""
    require(by, permissions.SETUP)
    organization = Organization.objects.select_for_update().get(pk=organization.pk)
    if User.objects.filter(organization=organization).exists():
        raise InUse(organization.name)
    publish(events.OrganizationRemoved(name=organization.name), about=organization, by=by)
    delete(organization)


@transaction.atomic
def join_organization(person: User, organization: Organization | None, *, by: Actor | User) -> None:
    """Put a person into an organisation, or out of his. He leaves the site of another one."""
    require(by, permissions.SETUP)
    values: dict[str, Any] = {"organization": organization}
    if person.site and (organization is None or person.site.organization_id != organization.pk):
        values["site"] = None
    change_person(person, by=by, **values)


# --- sites --------------------------------------------------------------------------------------


@transaction.atomic
def add_site(organization: Organization, *, by: Actor | User, **values: Any) -> Site:
    """`values`: name, address, access_notes, phone, latitude, longitude, active. Raises NameTaken."""
    require(by, permissions.SETUP)
    site = Site(organization=organization)
    apply(site, values)
    publish(events.SiteAdded(name=site.name), about=organization, by=by)
    return site


@transaction.atomic
def change_site(site: Site, *, by: Actor | User, **values: Any) -> None:
    """Raises NameTaken."""
    require(by, permissions.SETUP)
    site = Site.objects.select_for_update(no_key=True).get(pk=site.pk)
    before = site.name
    if changed := apply(site, values):
        publish(events.SiteChanged(name=before, fields=changed), about=site.organization, by=by)


@transaction.atomic
def remove_site(site: Site, *, by: Actor | User) -> None:
    """Delete one where nobody works; `tickets` adds what it knows. Raises InUse."""
    require(by, permissions.SETUP)
    site = Site.objects.select_for_update().get(pk=site.pk)
    if User.objects.filter(site=site).exists():
        raise InUse(site.name)
    publish(events.SiteRemoved(name=site.name), about=site.organization, by=by)
    delete(site)
