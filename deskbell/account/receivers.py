"""What the sign-in library tells us. Its address rows are projections: the identities follow here at once."""

from __future__ import annotations

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from deskbell.account import guessing, mail
from deskbell.channels.actions import whatsapp_codes
from deskbell.events import subscribe
from deskbell.events.models import Event
from deskbell.people import actions, devices, events
from deskbell.people.addresses import email_key
from deskbell.people.models import Device, Identity, User
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
    events.PasskeyAdded,
    events.PasskeyRemoved,
    events.NumberProven,
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
    if event.kind == events.NumberProven.kind and not whatsapp_codes.are_offered():
        return  # it could not sign in
    person = User.objects.filter(pk=event.about_id, email__isnull=False).first()
    if person is not None and person.email:
        with reading(language=person.language, time_zone=person.time_zone):
            mail.put(mail.SAFETY[event.kind], person.email, event=event.pk)


@receiver(user_logged_in)
def enter(request: HttpRequest, user: User, **_: object) -> None:
    """Somebody is in: a device of his, an event, and a mail when the browser is new to him."""
    device, strange = devices.enter(request, user, how=_how(request, user))
    if strange and user.email:
        mail.put_strange_device(user, device)


def _how(request: HttpRequest, user: User) -> str:
    """What the view said that let him in without proof of its own, else the first proof he gave."""
    said = getattr(request, "signed_in_by", "")
    records = get_authentication_records(request, user)
    return said or (records[0]["method"] if records else "")


@receiver(user_logged_out)
def leave(request: HttpRequest, user: User | None, **_: object) -> None:
    device = Device.objects.filter(pk=devices.device_of(request) or 0, user=user).first() if user else None
    if user is not None and device is not None:
        actions.sign_out(device, by=user)


@receiver(user_login_failed)
def refuse(credentials: dict[str, str], request: HttpRequest | None = None, **_: object) -> None:
    if request is not None:
        guessing.note(request, credentials.get("email", ""), how="password")
