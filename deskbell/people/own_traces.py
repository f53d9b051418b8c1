"""What this area, and those below it, keep about a person. Upper areas have a `traces.py` of their own."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast, Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from deskbell.events.models import EventDetail, Once
from deskbell.outbox import actions as outbox
from deskbell.outbox.models import OutboxItem
from deskbell.people.models import (
    ApiToken,
    Device,
    Grant,
    Identity,
    Invitation,
    MembershipRequest,
    NotificationChoice,
    PersonMerge,
    ProviderLink,
    RecoveryLink,
    User,
)
from deskbell.people.traces import Trace, gone, store


def _of_user(model: Any) -> Any:
    return lambda trace: model.objects.filter(user=trace.user)


def _profile(trace: Trace) -> QuerySet[User]:
    """Counts one: name, photo, signature, notes, organisation and site are one thing to whoever reads it."""
    return User.objects.filter(pk=trace.user.pk)


@store("profile", _("Profile: name, photo, signature, notes, organisation, site and password"), _profile)
def forget_profile(trace: Trace) -> None:
    _profile(trace).update(
        name="",
        email=None,
        organization=None,
        site=None,
        language="",
        time_zone="",
        notes="",
        signature="",
        photo=None,
        password=make_password(None),
        last_login=None,
    )


def _sessions(trace: Trace) -> QuerySet[Session]:
    keys = Device.objects.filter(user=trace.user, session_key__isnull=False).values("session_key")
    return Session.objects.filter(session_key__in=keys)


@store("devices", _("Devices and sign-ins"), _of_user(Device))
def forget_devices(trace: Trace) -> None:
    _sessions(trace).delete()
    Device.objects.filter(user=trace.user).delete()


gone("identities", _("E-mail addresses, phone numbers and chat ids"), _of_user(Identity))
gone("sign_in_addresses", _("Addresses for signing in"), _of_user(EmailAddress))
gone("second_factors", _("Passkeys, authenticator apps and recovery codes"), _of_user(Authenticator))
gone("recovery_links", _("Recovery links"), _of_user(RecoveryLink))
gone("tokens", _("API tokens"), _of_user(ApiToken))
gone("provider_links", _("Links to identity providers"), _of_user(ProviderLink))
gone("grants", _("Roles"), _of_user(Grant))
gone("notifications", _("Choices of notifications"), _of_user(NotificationChoice))


def _merges(trace: Trace) -> QuerySet[PersonMerge]:
    kept = PersonMerge.objects.filter(forgotten_at=None)
    return kept.filter(Q(source=trace.user) | Q(target=trace.user))


@store("merges", _("What undoing a merge with the person would take"), _merges)
def forget_merges(trace: Trace) -> None:
    _merges(trace).update(moved={}, withdrawn=[], changed={}, forgotten_at=timezone.now())


gone("memberships", _("Requests to belong to an organisation"), _of_user(MembershipRequest))


def _invitations(trace: Trace) -> QuerySet[Invitation]:
    known = Invitation.objects.annotate(key=Lower("email"))
    return known.filter(Q(key__in=trace.lowered) | Q(accepted_by=trace.user))


@store("invitations", _("Invitations to the person"), _invitations)
def forget_invitations(trace: Trace) -> None:
    ids = list(_invitations(trace).values_list("pk", flat=True))
    rows = Invitation.objects.filter(pk__in=ids)
    rows.filter(accepted_at=None, withdrawn_at=None).update(withdrawn_at=timezone.now())
    rows.update(email=trace.stand_in, name="")
    EventDetail.objects.filter(event__about_kind="invitation", event__about_id__in=ids).delete()


def _sent(trace: Trace) -> QuerySet[OutboxItem]:
    return OutboxItem.objects.annotate(to=Lower("recipient")).filter(to__in=trace.lowered)


@store("sent", _("Recipient and content of what was sent to the person"), _sent)
def forget_sent(trace: Trace) -> None:
    ids = list(_sent(trace).values_list("pk", flat=True))
    outbox.forget_recipient(ids, person_id=trace.user.pk, blank=lambda text: trace.blank(text, name=True))


def _answers(trace: Trace) -> QuerySet[Once]:
    return Once.objects.annotate(said=Cast("answer", TextField())).filter(said__iregex=trace.pattern)


@store("answers", _("Kept answers of the API that name the person"), _answers)
def forget_answers(trace: Trace) -> None:
    for row in _answers(trace):
        row.answer = trace.blank_all(row.answer, name=True)
        row.save(update_fields=["answer"])


def _details(trace: Trace) -> QuerySet[EventDetail]:
    """Of what happened to the person, and whatever else holds an address of his."""
    about = Q(event__about_kind="user", event__about_id=trace.user.pk)
    told = EventDetail.objects.annotate(said=Cast("values", TextField()))
    return told.filter(about | Q(said__iregex=trace.pattern))


@store("details", _("Details in the audit trail: addresses, browsers, names of passkeys"), _details)
def forget_details(trace: Trace) -> None:
    _details(trace).delete()
