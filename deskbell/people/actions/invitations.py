"""Invitations: a role offered by mail."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from django.core import signing
from django.db import transaction
from django.utils import timezone

from deskbell.events.actor import SYSTEM
from deskbell.events.publish import publish, publish_all
from deskbell.people import events, permissions, rules
from deskbell.people.actions.accounts import change_person, set_password
from deskbell.people.actions.addresses import person_for_email, verify_identity
from deskbell.people.actions.errors import InvitationGone, RoleGone
from deskbell.people.actions.guard import hold, may_hand_out, require
from deskbell.people.actions.roles import grant, refuse_owner_of_a_team
from deskbell.people.addresses import BadAddress, email_key, is_email
from deskbell.people.models import (
    Invitation,
    Role,
    Team,
    User,
)

INVITATION_LASTS = timedelta(days=7)


@transaction.atomic
def invite(email: str, *, name: str = "", role: str, team: Team | None = None, by: User) -> Invitation:
    """Offer a role by mail. Raises BadAddress, NotAllowed, RoleGone."""
    if not is_email(email):
        raise BadAddress(f"{email!r} is not an e-mail address")
    offered = hold(role, team)
    may_hand_out(offered, by, team)
    refuse_owner_of_a_team(offered, team)
    return new_invitation(email, name=name, role=offered, team=team, by=by)


def new_invitation(
    email: str, *, name: str, role: Role, team: Team | None, by: User, organization_id: int | None = None
) -> Invitation:
    """For callers that have checked and hold a transaction."""
    invitation = Invitation.objects.create(
        email=email.strip(),
        name=name.strip(),
        role=role,
        team=team,
        organization_id=organization_id,
        invited_by=by,
        expires_at=timezone.now() + INVITATION_LASTS,
    )
    publish(
        events.Invited(role=role.slug, team_id=team.pk if team else None, email=invitation.email),
        about=invitation,
        by=by,
    )
    return invitation


@dataclass(frozen=True)
class Offer:
    """Whom to invite as what; the address is one (`is_email`)."""

    email: str
    name: str
    role: Role
    team: Team | None = None


@transaction.atomic
def invite_many(offers: Sequence[Offer], *, by: User) -> list[Invitation]:
    """Offer many roles by mail, in as many statements as for one. Raises BadAddress, NotAllowed, RoleGone."""
    for role in sorted({offer.role for offer in offers}, key=lambda role: role.pk):
        may_hand_out(hold(role), by)
    for offer in offers:
        if not is_email(offer.email):
            raise BadAddress(f"{offer.email!r} is not an e-mail address")
    until = timezone.now() + INVITATION_LASTS
    rows = Invitation.objects.bulk_create(
        Invitation(
            email=offer.email.strip(),
            name=offer.name.strip(),
            role=offer.role,
            team=offer.team,
            invited_by=by,
            expires_at=until,
        )
        for offer in offers
    )
    happened = [
        (events.Invited(role=row.role.slug, team_id=row.team_id, email=row.email), row) for row in rows
    ]
    publish_all(happened, by=by)
    return rows


def invitation_token(invitation: Invitation) -> str:
    """The signed part of the invitation's link."""
    return signing.dumps(invitation.pk, salt="people.invitation")


def open_invitation(token: str) -> Invitation:
    """The invitation behind a link. Raises InvitationGone."""
    try:
        pk = signing.loads(token, salt="people.invitation")
    except signing.BadSignature as error:
        raise InvitationGone("unknown") from error
    invitation = Invitation.objects.select_related("role", "team", "invited_by").filter(pk=pk).first()
    if invitation is None:
        raise InvitationGone("unknown")
    if invitation.accepted_at:
        raise InvitationGone("used")
    if invitation.withdrawn_at:
        raise InvitationGone("withdrawn")
    if invitation.expires_at < timezone.now():
        raise InvitationGone("expired")
    return invitation


@transaction.atomic
def accept_invitation(token: str, *, name: str, password: str | None) -> User:
    """Make the invited person (or give the role to the one who has the address) and close the invitation.

    The link proves the address. A password is set only on a person who has none. Raises InvitationGone.
    """
    invitation = open_invitation(token)
    with suppress(RoleGone):  # the role before the invitation, as `remove_role`, which puts another one here
        hold(invitation.role)
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if invitation.accepted_at:
        raise InvitationGone("used")
    user, _ = person_for_email(invitation.email, name=name, how="invitation")
    if not user.is_active:
        raise InvitationGone("withdrawn")
    verify_identity(user.identities.get(kind="email", key=email_key(invitation.email)), how="link", by=user)
    change_person(user, by=user, name=name.strip() or user.name)
    if invitation.organization_id and user.organization_id is None:
        change_person(user, by=SYSTEM, organization=invitation.organization)
    if password and not user.has_usable_password():
        set_password(user, password, how="invitation", by=user)
    grant(user, invitation.role.slug, team=invitation.team)
    invitation.accepted_at, invitation.accepted_by = timezone.now(), user
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    publish(events.InvitationAccepted(user_id=user.pk), about=invitation, by=user)
    return user


@transaction.atomic
def send_invitation_again(invitation: Invitation, *, by: User) -> None:
    """The same link by mail, good for another INVITATION_LASTS. Raises NotAllowed, InvitationGone."""
    rows = Invitation.objects.select_for_update(of=("self",)).select_related("role", "team")
    invitation = rows.get(pk=invitation.pk)
    may_hand_out(invitation.role, by, invitation.team)
    if invitation.accepted_at or invitation.withdrawn_at:
        raise InvitationGone("used" if invitation.accepted_at else "withdrawn")
    invitation.expires_at = timezone.now() + INVITATION_LASTS
    invitation.save(update_fields=["expires_at"])
    publish(events.InvitedAgain(), about=invitation, by=by)


@transaction.atomic
def withdraw_invitation(invitation: Invitation, *, by: User) -> None:
    if not rules.may_manage(by, invitation.organization_id):
        require(by, permissions.PEOPLE_INVITE)
    if invitation.accepted_at is None and invitation.withdrawn_at is None:
        invitation.withdrawn_at = timezone.now()
        invitation.save(update_fields=["withdrawn_at"])
        publish(events.InvitationWithdrawn(), about=invitation, by=by)
