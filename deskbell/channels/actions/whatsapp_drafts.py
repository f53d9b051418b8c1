"""Built-in templates, handed to WhatsApp for approval."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as N_

from deskbell.channels import events
from deskbell.channels.actions.access import require_setup
from deskbell.channels.actions.whatsapp_health import meant_by, sync_templates
from deskbell.channels.models import Channel, MessageTemplate
from deskbell.channels.whatsapp import drafts, errors
from deskbell.channels.whatsapp.account import Account
from deskbell.channels.whatsapp.drafts import Draft
from deskbell.channels.whatsapp.graph import Graph, GraphError
from deskbell.events.actor import Actor
from deskbell.events.publish import publish
from deskbell.kit import http
from deskbell.kit.stored import sentence
from deskbell.people.models import User

#: subcode: a template of that name and language is there
THERE = 2388024
#: subcode → what it means (Cloud API error codes, template creation)
REFUSED = {
    2388019: N_(
        "The WhatsApp account has as many templates as it may have: delete one in the WhatsApp Manager"
    ),
    2388023: N_("One of that name is being deleted at WhatsApp: try again in four weeks"),
}
#: code: too many calls about templates
TOO_MANY = 80008
LATER = N_("WhatsApp takes no more templates at the moment: try again in an hour")
OTHERWISE = sentence(N_("WhatsApp did not take the template: %(reason)s"))


class NotSubmitted(Exception):
    """The other side did not take it; the message is a sentence for people."""


def submit_draft(channel: Channel, draft: Draft, language: str, *, by: Actor | User) -> bool:
    """Hand `draft` over for approval; False where one of that name was there already, whatever its words.

    Raises NotAllowed, NotSubmitted.
    """
    require_setup(by)
    there = MessageTemplate.objects.filter(channel=channel, name=draft.name, language=language)
    if there.exists():
        return False
    submitted = drafts.to_submit(draft, language)
    try:
        answer = Graph(Account.of(channel)).add_template(submitted)
    except GraphError as error:
        if error.subcode != THERE:
            raise NotSubmitted(_why(error)) from None
        _sync(channel)
        return False
    except (http.NoAnswer, http.BadAddress) as error:
        raise NotSubmitted(str(error)) from None
    with transaction.atomic():
        MessageTemplate.objects.get_or_create(  # their webhook may have been faster
            channel=channel,
            name=draft.name,
            language=language,
            defaults={
                "status": str(answer.get("status") or "PENDING")[:40],
                "category": str(answer.get("category") or submitted["category"])[:40],
                "components": submitted["components"],
                "synced_at": timezone.now(),
            },
        )
        publish(
            events.TemplateSubmitted(name=channel.name, template=draft.name, language=language),
            about=channel,
            by=by,
        )
    return True


def _sync(channel: Channel) -> None:
    try:
        sync_templates(channel)
    except GraphError as error:
        raise NotSubmitted(_why(error)) from None
    except (http.NoAnswer, http.BadAddress) as error:
        raise NotSubmitted(str(error)) from None


def _why(error: GraphError) -> str:
    if error.code == TOO_MANY:
        return LATER
    if error.subcode in REFUSED:
        return REFUSED[error.subcode]
    if error.code in errors.KNOWN or (error.code, error.subcode) == (100, 33) or error.code == -1:
        return meant_by(error, errors.ACCOUNT).text
    return OTHERWISE % {"reason": error.text}
