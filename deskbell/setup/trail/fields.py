"""Sentences that many kinds of event share, and what readers call the columns that changed."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deskbell.events.models import Event
from deskbell.setup.trail.names import Names

#: field of the company → what to call it
COMPANY: dict[str, str | Promise] = {
    "name": gettext_lazy("name"),
    "logo": gettext_lazy("logo"),
    "icon": gettext_lazy("icon"),
    "accent": gettext_lazy("colour"),
    "support_address": gettext_lazy("support address"),
    "support_phone": gettext_lazy("support phone"),
    "signature": gettext_lazy("signature"),
    "language": gettext_lazy("language"),
    "time_zone": gettext_lazy("time zone"),
    "date_format": gettext_lazy("dates"),
    "footer_links": gettext_lazy("links in the footer"),
    "announcement": gettext_lazy("announcement"),
    "announced_until": gettext_lazy("end of the announcement"),
    "registration": gettext_lazy("who may make an account"),
    "guests": gettext_lazy("tickets without an account"),
    "whatsapp_codes": gettext_lazy("signing in by WhatsApp"),
    "phone_days": gettext_lazy("days on the phone"),
    "skipped_steps": gettext_lazy("first steps left out"),
    "undo_seconds": gettext_lazy("how long a reply may be taken back"),
    "ticket_link_days": gettext_lazy("how long links in mails open their ticket"),
    "tickets_per_sender": gettext_lazy("new tickets of one sender"),
    "demo": gettext_lazy("demo data"),
}

#: column → what a reader calls it
FIELDS: dict[str, str | Promise] = {
    "access_notes": gettext_lazy("how to get in"),
    "active": gettext_lazy("in use"),
    "address": gettext_lazy("address"),
    "app_secret": gettext_lazy("App secret"),
    "auth_header": gettext_lazy("Header that carries the token"),
    "authserv_id": gettext_lazy("Name of the server in Authentication-Results"),
    "base_url": gettext_lazy("Address of the API"),
    "authorize_url": gettext_lazy("Address where people sign in"),
    "category": gettext_lazy("category"),
    "client_id": gettext_lazy("Client id"),
    "client_secret": gettext_lazy("Client secret"),
    "default": gettext_lazy("default of its category"),
    "domains": gettext_lazy("mail domains"),
    "flow": gettext_lazy("Who signs in"),
    "asks": gettext_lazy("whether it asks which ticket is meant"),
    "most_at_once": gettext_lazy("messages of one person within ten minutes"),
    "reads": gettext_lazy("whether it shows that messages were read"),
    "gateway": gettext_lazy("Address of another gateway"),
    "messages_per_day": gettext_lazy("Messages a day"),
    "people_per_hour": gettext_lazy("People an hour"),
    "reply_days": gettext_lazy("Days in which a customer may be answered"),
    "greets": gettext_lazy("whether it answers the first message"),
    "hours": gettext_lazy("opening hours"),
    "tells_hours": gettext_lazy("whether it tells the opening hours"),
    "incoming": gettext_lazy("how mails come in"),
    "label": gettext_lazy("label"),
    "language": gettext_lazy("language"),
    "latitude": gettext_lazy("latitude"),
    "longitude": gettext_lazy("longitude"),
    "mail_hosts": gettext_lazy("Mail servers"),
    "name": gettext_lazy("name"),
    "needs_approval": gettext_lazy("whether new people need an approval"),
    "notes": gettext_lazy("notes"),
    "notifications": gettext_lazy("notifications"),
    "organization": gettext_lazy("organisation"),
    "outgoing": gettext_lazy("how answers leave"),
    "phone": gettext_lazy("phone"),
    "photo": gettext_lazy("photo"),
    "plus_addresses": gettext_lazy("plus addresses"),
    "position": gettext_lazy("order"),
    "public": gettext_lazy("whether customers can choose it"),
    "push": gettext_lazy("mail service"),
    "queue": gettext_lazy("queue"),
    "scopes": gettext_lazy("Scopes"),
    "secret_expires_on": gettext_lazy("The secret ends on"),
    "sign_in": gettext_lazy("sign-in"),
    "site": gettext_lazy("site"),
    "slug": gettext_lazy("short name"),
    "team": gettext_lazy("team"),
    "tenant": gettext_lazy("Directory (tenant)"),
    "time_zone": gettext_lazy("time zone"),
    "token": gettext_lazy("Access token"),
    "token_url": gettext_lazy("Address that gives out tokens"),
    "verify_token": gettext_lazy("Verify token"),
    "version": gettext_lazy("Version"),
    "waba_id": gettext_lazy("WhatsApp Business Account ID"),
    "base": gettext_lazy("where people are sought"),
    "bind_dn": gettext_lazy("account to search with"),
    "bind_secret": gettext_lazy("password of the account to search with"),
    "ca_certificate": gettext_lazy("certificate of the authority"),
    "for_customers": gettext_lazy("whether it is for customers"),
    "for_staff": gettext_lazy("whether it is for people who work here"),
    "group_attribute": gettext_lazy("attribute that lists groups"),
    "group_base": gettext_lazy("where groups are sought"),
    "group_filter": gettext_lazy("filter of groups"),
    "id_attribute": gettext_lazy("attribute that never changes"),
    "issuer": gettext_lazy("issuer"),
    "mail_attribute": gettext_lazy("attribute of the e-mail address"),
    "mail_is_proof": gettext_lazy("whether nobody writes his own address there"),
    "makes_accounts": gettext_lazy("whether it makes accounts"),
    "name_attribute": gettext_lazy("attribute of the name"),
    "patience": gettext_lazy("seconds to wait for it"),
    "role_claim": gettext_lazy("claim that gives roles"),
    "roles": gettext_lazy("roles"),
    "urls": gettext_lazy("servers"),
    "user_filter": gettext_lazy("filter of people"),
}


def changed(event: Event) -> str:
    return ", ".join(str(FIELDS.get(name, name)) for name in event.data["fields"])


def fields(event: Event, names: Names) -> str:
    return _("changed %(fields)s") % {"fields": changed(event)}


def of(words: Any) -> Any:
    """A sentence with the name of what it was, and what changed of it."""

    def tell(event: Event, names: Names) -> str:
        fields = changed(event) if "fields" in event.data else ""
        return str(words) % {**event.data, "fields": fields}

    return tell


def plain(text: Any) -> Any:
    return lambda event, names: str(text)
