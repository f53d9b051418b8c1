"""Organisations with their domains and sites, and teams."""

from __future__ import annotations

from django.db import transaction

from deskbell.events.actor import SYSTEM, Actor
from deskbell.events.publish import publish
from deskbell.people import events, permissions
from deskbell.people.actions.errors import AddressTaken
from deskbell.people.actions.guard import require
from deskbell.people.addresses import domain_key
from deskbell.people.models import (
    Organization,
    OrganizationDomain,
    Site,
    Team,
    User,
)


@transaction.atomic
def create_organization(
    name: str, *, domains: list[str] | None = None, notes: str = "", by: Actor | User = SYSTEM
) -> Organization:
    """Raises BadAddress for a domain that is none, AddressTaken for one that another organisation has."""
    require(by, permissions.PEOPLE_EDIT)
    organization = Organization.objects.create(name=name.strip(), notes=notes)
    publish(events.OrganizationAdded(), about=organization, by=by)
    for domain in domains or []:
        add_domain(organization, domain, by=by)
    return organization


@transaction.atomic
def add_domain(organization: Organization, domain: str, *, by: Actor | User = SYSTEM) -> OrganizationDomain:
    """People with an address there belong to the organisation from now on. Raises AddressTaken."""
    require(by, permissions.PEOPLE_EDIT)
    key = domain_key(domain)
    if OrganizationDomain.objects.filter(domain=key).exclude(organization=organization).exists():
        raise AddressTaken(domain)
    row, _ = OrganizationDomain.objects.get_or_create(organization=organization, domain=key)
    publish(events.OrganizationChanged(fields=["domains"]), about=organization, by=by)
    return row


@transaction.atomic
def create_site(
    organization: Organization,
    name: str,
    *,
    address: str = "",
    access_notes: str = "",
    by: Actor | User = SYSTEM,
) -> Site:
    require(by, permissions.PEOPLE_EDIT)
    site = Site.objects.create(
        organization=organization, name=name, address=address, access_notes=access_notes
    )
    publish(events.SiteAdded(name=name), about=organization, by=by)
    return site


@transaction.atomic
def create_team(name: str, *, address: str = "", by: Actor | User = SYSTEM) -> Team:
    require(by, permissions.TEAMS)
    team = Team.objects.create(name=name, address=address)
    publish(events.TeamAdded(name=name), about=team, by=by)
    return team
