"""Who may do what to a person. Views and templates ask the same rule as the actions."""

from __future__ import annotations

from deskbell.people import permissions
from deskbell.people.models import User
from deskbell.people.rights import rights_of


def may_look_up(user: User) -> bool:
    """Reads the people page."""
    return rights_of(user).has(permissions.PEOPLE_VIEW)


def may_edit(user: User, person: User) -> bool:
    """Changes name, organisation, addresses and notes: of customers; of the desk's own people only who may
    invite such people. An address can open an account.
    """
    mine, his = rights_of(user), rights_of(person)
    if not mine.has(permissions.PEOPLE_EDIT):
        return False
    if his.has(permissions.OWN):
        return mine.has(permissions.OWN)
    return not his.staff or mine.has(permissions.PEOPLE_INVITE)
