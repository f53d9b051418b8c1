"""Every write about people. One function per use case; each checks, writes, publishes."""

from deskbell.people.actions.accounts import (
    change_person,
    create_user,
    deactivate,
    may_register,
    reactivate,
    set_password,
    set_password_hash,
    sign_up,
)
from deskbell.people.actions.addresses import (
    add_address,
    add_identity,
    create_person,
    person_described,
    person_for_email,
    person_for_phone,
    remove_address,
    verify_identity,
)
from deskbell.people.actions.company import change_company
from deskbell.people.actions.errors import (
    AddressTaken,
    FirstLinkGone,
    InvitationGone,
    LastOwner,
    NotAllowed,
    RegistrationClosed,
    SignInAddress,
)
from deskbell.people.actions.first import (
    FIRST_LINK_LASTS,
    become_first,
    is_set_up,
    make_first_link,
    open_first_link,
)
from deskbell.people.actions.invitations import (
    INVITATION_LASTS,
    accept_invitation,
    invitation_token,
    invite,
    open_invitation,
    send_invitation_again,
    withdraw_invitation,
)
from deskbell.people.actions.organizations import add_domain, create_organization, create_site, create_team
from deskbell.people.actions.roles import grant, revoke
from deskbell.people.actions.tokens import TOKEN_PREFIX, create_token, token_digest

__all__ = [
    "FIRST_LINK_LASTS",
    "INVITATION_LASTS",
    "TOKEN_PREFIX",
    "AddressTaken",
    "FirstLinkGone",
    "InvitationGone",
    "LastOwner",
    "NotAllowed",
    "RegistrationClosed",
    "SignInAddress",
    "accept_invitation",
    "add_address",
    "add_domain",
    "add_identity",
    "become_first",
    "change_company",
    "change_person",
    "create_organization",
    "create_person",
    "create_site",
    "create_team",
    "create_token",
    "create_user",
    "deactivate",
    "grant",
    "invitation_token",
    "invite",
    "is_set_up",
    "make_first_link",
    "may_register",
    "open_first_link",
    "open_invitation",
    "person_described",
    "person_for_email",
    "person_for_phone",
    "reactivate",
    "remove_address",
    "revoke",
    "send_invitation_again",
    "set_password",
    "set_password_hash",
    "sign_up",
    "token_digest",
    "verify_identity",
    "withdraw_invitation",
]
