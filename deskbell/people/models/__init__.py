from deskbell.people.models.access import ApiToken, FirstLink, Invitation
from deskbell.people.models.company import Company
from deskbell.people.models.organization import MembershipRequest, Organization, OrganizationDomain, Site
from deskbell.people.models.role import Grant, Role, Team
from deskbell.people.models.user import Identity, User

__all__ = [
    "ApiToken",
    "Company",
    "FirstLink",
    "Grant",
    "Identity",
    "Invitation",
    "MembershipRequest",
    "Organization",
    "OrganizationDomain",
    "Role",
    "Site",
    "Team",
    "User",
]
