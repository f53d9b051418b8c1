"""What of this area, and of the sign-in library, points to a person. Upper areas have a list of their own."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.utils.translation import gettext_lazy as _

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
from deskbell.people.references import ends, moves, stays, withdrawn

moves(Identity, "user", _("E-mail addresses, phone numbers and chat ids"))
moves(MembershipRequest, "user", _("Requests to belong to an organisation"), once=("organization_id",))
# written anew from the identities
withdrawn(EmailAddress, "user")
withdrawn(ProviderLink, "user", _("Links to identity providers"), once=("provider_id", "subject"))
ends(Authenticator, "user", _("Passkeys, authenticator apps and recovery codes"))
ends(ApiToken, "user", _("API tokens"))
ends(Grant, "user")
ends(RecoveryLink, "user")
ends(NotificationChoice, "user")
ends(Device, "user", _("Devices and sign-ins"))
stays(Invitation, "invited_by", "accepted_by")
stays(MembershipRequest, "decided_by")
stays(PersonMerge, "source", "target", "by")
stays(User, "merged_into")
