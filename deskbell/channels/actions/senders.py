"""The lists of blocked and of always welcome senders."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from deskbell.channels import events
from deskbell.channels.actions.access import require_setup
from deskbell.channels.models import Channel, SenderRule
from deskbell.events.actor import Actor
from deskbell.events.publish import publish
from deskbell.people.addresses import BadAddress, domain_key, email_key, is_domain, is_email, phone_key
from deskbell.people.models import Identity, User
from deskbell.people.rights import rights_of


class BadSender(ValueError):
    """Not an address or domain, or one that cannot be blocked; the message is for people."""


def sender_key(given: str) -> str:
    """`somebody@example.com`, `example.com` for its whole domain (`@example.com` is understood), or a phone
    number with its country code.

    Raises BadSender.
    """
    given = given.strip()
    whole = given.removeprefix("@").removeprefix("*@")
    try:
        if "@" in whole and is_email(whole):
            return email_key(whole)
        if "@" not in whole and is_domain(whole):
            return domain_key(whole)
        if whole.startswith("+"):
            return phone_key(whole)
    except BadAddress:
        pass
    raise BadSender(
        _(
            "“%(given)s” is neither an e-mail address nor a domain, nor a phone number that begins with + "
            "and its country code."
        )
        % {"given": given}
    )


@transaction.atomic
def list_sender(given: str, *, kind: str, note: str = "", by: Actor | User) -> SenderRule:
    """Block or always welcome a sender; what was said of him before is replaced.

    Raises NotAllowed, and BadSender also when blocking would lock out this desk or somebody who works here.
    """
    require_setup(by)
    sender = sender_key(given)
    if kind == SenderRule.Kind.BLOCK:
        _keep_ours(sender)
    row, made = SenderRule.objects.select_for_update(no_key=True).get_or_create(
        sender=sender, defaults={"kind": kind, "note": note}
    )
    if made or (row.kind, row.note) != (kind, note):
        row.kind, row.note = kind, note
        row.save()
        publish(events.SenderListed(given=sender, list=kind), about=row, by=by)
    return row


@transaction.atomic
def unlist_sender(row: SenderRule, *, by: Actor | User) -> None:
    """Raises NotAllowed. A second click finds nothing to do."""
    require_setup(by)
    held = SenderRule.objects.select_for_update().filter(pk=row.pk).first()
    if held is not None:
        publish(events.SenderUnlisted(given=held.sender, list=held.kind), about=held, by=by)
        held.delete()


def _keep_ours(sender: str) -> None:
    if Channel.objects.filter(address__iexact=sender).exists():
        raise BadSender(_("%(sender)s is a mailbox of this desk.") % {"sender": sender})
    if sender.startswith("+"):
        kinds, keys = ("phone", "wa_id"), (sender, sender.removeprefix("+"))
        _not_of_staff(sender, Identity.objects.filter(kind__in=kinds, key__in=keys))
        return
    ending = {"key": sender} if "@" in sender else {"key__endswith": f"@{sender}"}
    _not_of_staff(sender, Identity.objects.filter(kind="email", **ending))


def _not_of_staff(sender: str, known: QuerySet[Identity]) -> None:
    known = known.filter(user__is_active=True, user__grants__isnull=False)
    for identity in known.select_related("user").distinct()[:200]:
        if rights_of(identity.user).staff:
            words = _("%(sender)s cannot be blocked: %(name)s works here.")
            raise BadSender(words % {"sender": sender, "name": identity.user.display_name})
