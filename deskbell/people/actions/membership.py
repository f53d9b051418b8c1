"""Who belongs to an organisation: by a domain of it, by approval, by a colleague's invitation."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from deskbell.events.actor import SYSTEM, Actor
from deskbell.events.publish import publish
from deskbell.people import events, permissions, rules
from deskbell.people.actions.errors import NotAllowed, NotInvitable
from deskbell.people.addresses import BadAddress, email_key, is_email
from deskbell.people.models import (
    Identity,
    Invitation,
    MembershipRequest,
    OrganizationDomain,
    Role,
    User,
)
from deskbell.people.rights import rights_of

#: invitations of one organisation's managers that wait for an answer
INVITED_AT_MOST = 50


def join_by_domain(user: User, key: str) -> None:
    """He belongs to the organisation that has the domain of his address, or asks to: a stranger may have
    an address there as well. The caller holds a transaction.
    """
    rows = OrganizationDomain.objects.select_related("organization")
    domain = rows.filter(domain=key.rpartition("@")[2]).first()
    if domain is None or user.organization_id is not None:
        return
    if domain.organization.needs_approval:
        asked, new = MembershipRequest.objects.get_or_create(user=user, organization=domain.organization)
        if new:
            happened = events.MembershipAsked(request_id=asked.pk, organization_id=domain.organization_id)
            publish(happened, about=user, by=SYSTEM)
        return
    user.organization_id = domain.organization_id
    user.save(update_fields=["organization"])


@transaction.atomic
def decide_membership(asked: MembershipRequest, *, approve: bool, by: User) -> MembershipRequest:
    """Let somebody into the organisation, or not. Only the first decision counts.

    By a manager of the organisation, or whoever enters the setup. What he asked before stays his own.
    Raises NotAllowed.
    """
    asked = MembershipRequest.objects.select_for_update().select_related("user").get(pk=asked.pk)
    if not rights_of(by).has(permissions.SETUP) and not rules.may_manage(by, asked.organization_id):
        raise NotAllowed("decide_membership")
    if asked.decided_at is not None:
        return asked
    person = User.objects.select_for_update(no_key=True).get(pk=asked.user_id)
    if approve and person.organization_id is None:
        person.organization_id, person.site = asked.organization_id, None
        person.save(update_fields=["organization", "site"])
        publish(events.PersonChanged(fields=["organization"]), about=person, by=by)
    _decided(asked, approve, by)
    return asked


def settle_requests(person: User, *, by: Actor | User) -> None:
    """Somebody put him into an organisation, or out of one: what he asked for is decided by that."""
    for asked in MembershipRequest.objects.select_for_update().filter(user=person, decided_at=None):
        _decided(asked, asked.organization_id == person.organization_id, by)


def _decided(asked: MembershipRequest, approved: bool, by: Actor | User) -> None:
    asked.decided_at, asked.approved = timezone.now(), approved
    asked.decided_by = by if isinstance(by, User) else None
    asked.save(update_fields=["decided_at", "approved", "decided_by"])
    happened = events.MembershipDecided(
        request_id=asked.pk, organization_id=asked.organization_id, approved=approved
    )
    publish(happened, about=asked.user, by=by)


@transaction.atomic
def invite_colleague(email: str, *, name: str = "", level: str, by: User) -> Invitation:
    """A customer manager invites somebody with an address of his organisation's domain.

    Raises NotAllowed, BadAddress, and NotInvitable with `domain`, `here`, `invited` or `many`.
    """
    from deskbell.people.actions.invitations import new_invitation  # they call each other

    if level not in permissions.CUSTOMER_LEVELS or not rules.may_manage(by, by.organization_id):
        raise NotAllowed("invite_colleague")
    if not is_email(email):
        raise BadAddress(f"{email!r} is not an e-mail address")
    key = email_key(email)
    home = by.organization_id
    if not OrganizationDomain.objects.filter(organization=home, domain=key.rpartition("@")[2]).exists():
        raise NotInvitable("domain")
    known = (
        Identity.objects.filter(kind=Identity.Kind.EMAIL, scope="", key=key).select_related("user").first()
    )
    if known and known.user.organization_id is not None:
        raise NotInvitable("here")
    waiting = open_invitations(home)
    if waiting.filter(email__iexact=key).exists():
        raise NotInvitable("invited")
    if waiting.count() >= INVITED_AT_MOST:
        raise NotInvitable("many")
    return new_invitation(
        email, name=name, role=Role.objects.get(slug=level), team=None, organization_id=home, by=by
    )


def open_invitations(organization_id: int | None) -> QuerySet[Invitation]:
    """Invitations into the organisation that may still be accepted."""
    return Invitation.objects.filter(
        organization=organization_id or 0,
        accepted_at=None,
        withdrawn_at=None,
        expires_at__gt=timezone.now(),
    )
