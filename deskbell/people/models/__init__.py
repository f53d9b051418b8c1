from deskbell.people.models.access import ApiToken, FirstLink, Invitation, RecoveryLink
from deskbell.people.models.company import Company
from deskbell.people.models.device import Device
from deskbell.people.models.identity_provider import IdentityProvider, ProviderLink, ProviderRole
from deskbell.people.models.merge import PersonMerge
from deskbell.people.models.notification import NotificationChoice
from deskbell.people.models.organization import MembershipRequest, Organization, OrganizationDomain, Site
from deskbell.people.models.role import CUSTOMER_SCOPES, Grant, Role, Team
from deskbell.people.models.user import Identity, User

__all__ = [
    "CUSTOMER_SCOPES",
    "ApiToken",
    "Company",
    "Device",
    "FirstLink",
    "Grant",
    "Identity",
    "IdentityProvider",
    "Invitation",
    "MembershipRequest",
    "NotificationChoice",
    "Organization",
    "OrganizationDomain",
    "PersonMerge",
    "ProviderLink",
    "ProviderRole",
    "RecoveryLink",
    "Role",
    "Site",
    "Team",
    "User",
]
