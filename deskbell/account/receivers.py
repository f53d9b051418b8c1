"""What the sign-in library tells us. Its address rows are projections: the identities follow here at once."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.dispatch import receiver

from deskbell.people import actions
from deskbell.people.addresses import email_key
from deskbell.people.models import Identity


@receiver(email_confirmed)
def verify(email_address: EmailAddress, **_: object) -> None:
    """A code sent to the address came back (sign-in by code, forgotten password)."""
    identity = Identity.objects.filter(
        user_id=email_address.user_id, kind=Identity.Kind.EMAIL, key=email_key(email_address.email)
    ).first()
    if identity is not None:
        actions.verify_identity(identity, how="code", by=email_address.user)
