"""What the sign-in library tells us. Its address rows are projections: the identities follow here at once."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.dispatch import receiver

from deskbell.account import mail
from deskbell.events import subscribe
from deskbell.events.models import Event
from deskbell.people import actions, events
from deskbell.people.addresses import email_key
from deskbell.people.models import Identity, User
from deskbell.people.reader import reading


@receiver(email_confirmed)
def verify(email_address: EmailAddress, **_: object) -> None:
    """A code sent to the address came back (sign-in by code, forgotten password)."""
    identity = Identity.objects.filter(
        user_id=email_address.user_id, kind=Identity.Kind.EMAIL, key=email_key(email_address.email)
    ).first()
    if identity is not None:
        actions.verify_identity(identity, how="code", by=email_address.user)


@subscribe.later(
    events.SecondFactorOn,
    events.SecondFactorOff,
    events.SecondFactorReset,
    events.RecoveryCodesMade,
    events.RecoveryCodeUsed,
    events.PasswordSet,
    events.Recovered,
)
def tell_of_safety(event: Event) -> None:
    """A mail to the person about whom it is; of passwords only those that replace another one."""
    if event.kind == events.PasswordSet.kind and event.data["how"] not in {"change", "reset"}:
        return
    person = User.objects.filter(pk=event.about_id, email__isnull=False).first()
    if person is not None and person.email:
        with reading(language=person.language, time_zone=person.time_zone):
            mail.put(mail.SAFETY[event.kind], person.email, event=event.pk)
