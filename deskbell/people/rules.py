"""Who may do what to a person. Views and templates ask the same rule as the actions."""

from __future__ import annotations

from deskbell.people import permissions
from deskbell.people.models import Grant, Role, Team, User
from deskbell.people.rights import Rights, rights_of


def may_look_up(user: User) -> bool:
    """Reads the people page."""
    return rights_of(user).has(permissions.PEOPLE_VIEW)


def may_edit(user: User, person: User) -> bool:
    """Changes name, organisation, addresses and notes: of customers; of the desk's own people only who may
    invite such people and may all that they may. An address can open an account.
    """
    mine, his = rights_of(user), rights_of(person)
    if not mine.has(permissions.PEOPLE_EDIT) or person.anonymised_at is not None:
        return False
    if person.merged_into_id is not None:
        return False
    may_more = any(not mine.has(each) for each in permissions.EVERYTHING if his.has(each))
    return not his.any or (mine.has(permissions.PEOPLE_INVITE) and not may_more)


def outranked(user: User, person: User) -> bool:
    """Whether `person` runs a part of the desk that `user` does not: his account is out of reach then."""
    mine, his = rights_of(user), rights_of(person)
    return any(his.has(each) and not mine.has(each) for each in (*permissions.SETTING_UP, permissions.OWN))


def may_view_as(user: User, person: User) -> bool:
    """Looks at the desk as `person` sees it: who invites people, reaches every ticket, and may do everywhere
    all that the person may.
    """
    mine, his = rights_of(user), rights_of(person)
    if user.pk == person.pk or not person.is_active or not mine.has(permissions.PEOPLE_INVITE):
        return False
    more = any(not mine.everywhere(each) for each in permissions.EVERYTHING if his.has(each))
    return mine.reach().everything and not more and not outranked(user, person)


def may_merge(user: User, *people: User) -> bool:
    """Makes `people` one: who may change each of them."""
    merges = rights_of(user).has(permissions.PEOPLE_MERGE)
    return merges and all(may_edit(user, each) for each in people)


def may_anonymise(user: User, person: User) -> bool:
    """Erases who `person` is: not oneself, and nobody who may more, also when his account is closed."""
    mine = rights_of(user)
    if user.pk == person.pk or not mine.has(permissions.PEOPLE_ANONYMISE):
        return False
    his = Rights(person.pk, list(Grant.objects.filter(user=person).select_related("role")))
    return all(mine.everywhere(each) for each in permissions.EVERYTHING if his.has(each))


def at_work(person: User) -> bool:
    """Whether he is permitted anything at the desk or in its setup at this moment."""
    return person.is_active and has_work(person)


def has_work(person: User) -> bool:
    """As `at_work`, or he would be once his account is opened again."""
    return any(
        each.role.permissions and not each.role.for_customers
        for each in Grant.objects.filter(user=person).select_related("role")
    )


def beyond(giver: User, role: Role, team: Team | None = None) -> str | None:
    """A permission of `role` that `giver` does not have as far as it would reach, in `team` or everywhere.

    A role for what is assigned to somebody reaches nothing by itself: others give him the tickets.
    """
    mine = rights_of(giver)
    for permission in role.permissions:
        if not mine.has(permission):
            return permission
        if permission not in permissions.OF_TICKETS or role.scope == Role.Scope.ASSIGNED:
            continue
        reach = mine.reach(permission)
        if reach.everything:
            continue
        mine_here = reach.queues_of_teams if role.scope == Role.Scope.QUEUE else reach.teams
        if team is None or team.pk not in mine_here:
            return permission
    return None


def reads_only(user: User) -> bool:
    """Sees tickets as a customer and may not write, open, close or reopen any."""
    return bool(user.pk) and not rights_of(user).has(permissions.CUSTOMER_WRITE)


def may_manage(user: User, organization_id: int | None) -> bool:
    """Sees the people of the organisation in the portal, invites some and decides about others."""
    mine = rights_of(user)
    return (
        organization_id is not None and user.organization_id == organization_id and mine.manages_organization
    )


def manages_organization(user: User) -> bool:
    return bool(user.pk) and may_manage(user, user.organization_id)


def may_set_level(user: User, person: User) -> bool:
    """A customer manager makes colleagues read-only contacts and back; not himself, nor other managers."""
    his = rights_of(person)
    return (
        user.pk != person.pk
        and may_manage(user, person.organization_id)
        and not his.staff
        and not his.manages_organization
    )
