"""Roles: made, changed and removed by who may, at once for everybody who has them."""

from __future__ import annotations

import pytest

from deskbell.events.actor import SYSTEM
from deskbell.events.models import Event
from deskbell.people import actions, permissions
from deskbell.people.models import Grant, Invitation, Role, User
from deskbell.people.rights import rights_of
from deskbell.people.seed import ensure
from tests.stories import customer, staff, team

pytestmark = pytest.mark.django_db


def again(user: User) -> User:
    return User.objects.get(pk=user.pk)


def role(name: str = "Helper", *powers: str, scope: str = "all") -> Role:
    return actions.create_role(name, scope=scope, permissions=powers, by=SYSTEM)


def changed(row: Role, **values):
    """The values of an unchanged form but for `values`."""
    row = Role.objects.get(pk=row.pk)
    names = ("name", "scope", "permissions", "needs_second_factor", "version")
    return {name: getattr(row, name) for name in names} | values


def test_a_new_role_brings_what_its_permissions_are_of_no_use_without():
    made = role("Night  shift", permissions.TICKET_REPLY, permissions.PEOPLE_EDIT)
    assert (made.slug, made.name) == ("night-shift", "Night shift")
    assert made.permissions == ["desk.enter", "ticket.reply", "people.view", "people.edit"]
    event = Event.objects.get(kind="role.added")
    assert event.data == {
        "name": "Night shift",
        "scope": "all",
        "permissions": made.permissions,
        "second_factor": False,
        "copied_from": "",
    }


def test_a_copy_may_the_same_but_for_owning_the_desk():
    copy = actions.copy_role(Role.objects.get(slug="owner"), "Deputy", by=staff("owner"))
    assert copy.permissions == [each for each in permissions.EVERYTHING if each != permissions.OWN]
    assert Event.objects.get(kind="role.added").data["copied_from"] == "Owner"


def test_two_roles_have_two_names_and_two_short_names():
    first, second = role("Night shift"), role("Night-shift")
    assert (first.slug, second.slug) == ("night-shift", "night-shift-2")
    with pytest.raises(actions.RoleNameTaken):
        role("NIGHT SHIFT")
    assert Role.objects.filter(name__iexact="night shift").count() == 1


def test_permissions_and_scopes_of_customers_do_not_mix():
    with pytest.raises(ValueError, match="customers"):
        role("Mixed", permissions.DESK, scope="organization")
    with pytest.raises(ValueError, match=r"desk\.own"):
        role("Mixed", permissions.OWN)
    assert not Role.objects.filter(name="Mixed").exists()
    made = role("Reader", scope="organization")
    with pytest.raises(actions.RoleFixed):
        actions.change_role(made, **changed(made, scope="all"), by=staff("owner"))
    assert Role.objects.get(pk=made.pk).scope == "organization"


def test_a_change_holds_from_the_next_request_for_everybody_who_has_the_role():
    made, owner = role("Helper", permissions.TICKET_REPLY), staff("owner")
    people = [customer(), customer()]
    for each in people:
        actions.grant(each, made.slug)
    values = changed(made, permissions=["desk.enter", "ticket.note"], scope="assigned")
    actions.change_role(made, **values, by=owner)
    for each in people:
        rights = rights_of(again(each))
        assert rights.has("ticket.note") and not rights.has("ticket.reply")
        assert not rights.reach("ticket.note").everything
    event = Event.objects.get(kind="role.changed")
    assert event.data == {
        "name": "Helper",
        "after": None,
        "added": ["ticket.note"],
        "removed": ["ticket.reply"],
        "scope": "assigned",
        "second_factor": None,
        "people": 2,
    }


def test_saving_what_is_so_already_is_no_change():
    made = role("Helper", permissions.TICKET_REPLY)
    actions.change_role(made, **changed(made), by=staff("owner"))
    assert Role.objects.get(pk=made.pk).version == 1
    assert not Event.objects.filter(kind="role.changed").exists()


def test_a_stale_change_is_refused_and_shows_what_it_is_now():
    made, owner = role("Helper"), staff("owner")
    stale = changed(made, name="Mine")
    actions.change_role(made, **changed(made, name="Theirs"), by=owner)
    with pytest.raises(actions.RoleChangedSince) as refused:
        actions.change_role(made, **stale, by=owner)
    assert refused.value.role.name == "Theirs"
    assert Role.objects.get(pk=made.pk).name == "Theirs"


@pytest.mark.parametrize(
    "powers",
    [[permissions.TICKET_DELETE], [permissions.SETUP], [permissions.TICKET_DELETE, permissions.TICKET_REPLY]],
)
def test_nobody_gives_a_role_more_than_he_may_himself(powers):
    shaper = customer()
    actions.grant(shaper, role("Shaper", permissions.ROLES, permissions.TICKET_REPLY).slug)
    shaper, made = again(shaper), role("Helper")
    with pytest.raises(actions.NotAllowed):
        actions.create_role("More", scope="all", permissions=powers, by=shaper)
    with pytest.raises(actions.NotAllowed):
        actions.change_role(made, **changed(made, permissions=powers), by=shaper)
    assert Role.objects.get(pk=made.pk).permissions == made.permissions
    assert not Role.objects.filter(name="More").exists()


def test_nobody_takes_from_a_role_what_goes_beyond_himself():
    shaper = customer()
    actions.grant(shaper, role("Shaper", permissions.ROLES).slug)
    admin = Role.objects.get(slug="admin")
    with pytest.raises(actions.NotAllowed):
        actions.change_role(admin, **changed(admin, permissions=[]), by=again(shaper))
    assert permissions.SETUP in Role.objects.get(slug="admin").permissions


def test_who_may_something_in_one_team_shapes_no_role_that_may_it_everywhere():
    shaper, here = customer(), team()
    actions.grant(shaper, role("Shaper", permissions.ROLES).slug)
    actions.grant(shaper, "agent", team=here)
    with pytest.raises(actions.NotAllowed):
        actions.create_role("Wide", scope="all", permissions=["ticket.reply"], by=again(shaper))
    assert not Role.objects.filter(name="Wide").exists()


def test_an_administrator_of_one_team_hands_roles_out_in_that_team_alone():
    here, there, person = team(), team(), customer()
    boss = staff("admin", team=here)
    actions.grant(person, "agent", team=here, by=boss)
    for elsewhere in (None, there):
        with pytest.raises(actions.NotAllowed):
            actions.grant(person, "agent", team=elsewhere, by=boss)
        with pytest.raises(actions.NotAllowed):
            actions.grant(boss, "admin", team=elsewhere, by=boss)
        with pytest.raises(actions.NotAllowed):
            actions.invite("new@desk.example", role="agent", team=elsewhere, by=boss)
    actions.grant(person, "engineer", by=boss)
    assert set(person.grants.values_list("role__slug", "team")) == {
        ("customer", None),
        ("agent", here.pk),
        ("engineer", None),
    }
    assert not Invitation.objects.exists()


def test_the_owners_role_stays_as_it_is_but_may_ask_for_a_second_factor():
    owner, row = staff("owner"), Role.objects.get(slug="owner")
    for wrong in ({"permissions": ["desk.enter"]}, {"scope": "team"}, {"name": "Chief"}):
        with pytest.raises(actions.RoleFixed):
            actions.change_role(row, **changed(row, **wrong), by=owner)
    with pytest.raises(actions.RoleFixed):
        actions.remove_role(row, to=Role.objects.get(slug="admin"), by=owner)
    with pytest.raises(actions.NotAllowed):
        actions.change_role(row, **changed(row, needs_second_factor=True), by=staff("admin"))
    actions.change_role(row, **changed(row, needs_second_factor=True), by=owner)
    row.refresh_from_db()
    assert (row.name, row.scope, row.needs_second_factor) == ("Owner", "all", True)
    assert row.permissions == list(permissions.EVERYTHING)


def test_the_owners_role_is_completed_with_every_new_version():
    Role.objects.filter(slug="owner").update(permissions=["desk.own"])
    ensure()
    assert Role.objects.get(slug="owner").permissions == list(permissions.EVERYTHING)


def test_an_owner_owns_the_whole_desk_and_the_last_one_stays():
    owner, here = staff("owner"), team()
    with pytest.raises(actions.OwnerEverywhere):
        actions.grant(customer(), "owner", team=here, by=owner)
    with pytest.raises(actions.OwnerEverywhere):
        actions.invite("new@desk.example", role="owner", team=here, by=owner)
    other = customer()
    Grant.objects.create(user=other, role=Role.objects.get(slug="owner"), team=here)  # as it once could be
    with pytest.raises(actions.LastOwner):
        actions.revoke(Grant.objects.get(user=owner, role__slug="owner"), by=owner)
    with pytest.raises(actions.LastOwner):
        actions.deactivate(owner, by=owner)
    assert rights_of(again(owner)).has(permissions.OWN) and again(owner).is_active


def test_nobody_locks_a_desk_without_an_owner_out_of_its_setup():
    admin, row = staff("admin"), Role.objects.get(slug="admin")
    for missing in (permissions.SETUP, permissions.ROLES, permissions.PEOPLE_INVITE):
        less = [each for each in row.permissions if each != missing]
        with pytest.raises(actions.LastOwner):
            actions.change_role(row, **changed(row, permissions=less), by=admin)
    with pytest.raises(actions.LastOwner):
        actions.remove_role(row, to=Role.objects.get(slug="agent"), by=admin)
    assert rights_of(again(admin)).has(permissions.SETUP)
    staff("owner")
    less = [each for each in row.permissions if each != permissions.SETUP]
    actions.change_role(row, **changed(row, permissions=less), by=admin)
    assert not rights_of(again(admin)).has(permissions.SETUP)


def test_a_role_in_use_goes_when_it_is_said_where_its_people_go():
    made, owner, here = role("Helper", permissions.TICKET_REPLY), staff("owner"), team()
    agent = Role.objects.get(slug="agent")
    everywhere, in_team, both = customer(), customer(), customer()
    actions.grant(everywhere, made.slug)
    actions.grant(in_team, made.slug, team=here)
    actions.grant(both, made.slug)
    actions.grant(both, "agent")
    invitation = actions.invite("new@desk.example", role=made.slug, by=owner)
    with pytest.raises(actions.RoleInUse):
        actions.remove_role(made, by=owner)
    for wrong in ("owner", "customer", made.slug):
        with pytest.raises(actions.RoleFixed):
            actions.remove_role(made, to=Role.objects.get(slug=wrong), by=owner)
    assert made.grants.count() == 3
    actions.remove_role(made, to=agent, by=owner)
    assert not Role.objects.filter(pk=made.pk).exists()
    assert set(Grant.objects.filter(role=agent).values_list("user", "team")) == {
        (everywhere.pk, None),
        (in_team.pk, here.pk),
        (both.pk, None),
    }
    assert Invitation.objects.get(pk=invitation.pk).role == agent
    assert Event.objects.get(kind="role.removed").data == {"name": "Helper", "to": "Agent", "people": 3}


def test_a_role_that_nobody_has_goes_at_once_and_those_of_the_desk_stay():
    made, owner = role("Helper"), staff("owner")
    actions.remove_role(made, by=owner)
    for slug in ("owner", "customer", "customer_manager"):
        with pytest.raises(actions.RoleFixed):
            actions.remove_role(Role.objects.get(slug=slug), by=owner)
    assert set(permissions.KEPT) <= set(Role.objects.values_list("slug", flat=True))


def test_their_teams_are_all_teams_somebody_works_in_unless_the_role_was_given_in_one():
    here, there = team(), team()
    lead = role("Lead", permissions.TICKET_TRASH, scope="team")
    keeper = role("Keeper", permissions.TICKET_REDACT, scope="queue")
    person = customer()
    actions.grant(person, lead.slug)
    reach = rights_of(again(person)).reach("ticket.trash")
    assert (reach.everything, reach.teams, reach.assigned) == (False, frozenset(), True)
    actions.grant(person, "agent", team=here)
    actions.grant(person, "engineer", team=there)
    actions.grant(person, keeper.slug)
    rights = rights_of(again(person))
    assert rights.reach("ticket.trash").teams == {here.pk, there.pk}
    assert rights.reach("ticket.redact").queues_of_teams == {here.pk, there.pk}
    assert rights.reach("ticket.delete").nothing
    other = customer()
    actions.grant(other, lead.slug, team=here)
    actions.grant(other, "agent", team=there)
    assert rights_of(again(other)).reach("ticket.trash").teams == {here.pk, there.pk}
    third = customer()
    actions.grant(third, role("Third", permissions.TICKET_DELETE, scope="team").slug, team=here)
    actions.grant(third, "engineer", team=there)
    assert rights_of(again(third)).reach("ticket.delete").teams == {here.pk}


def test_nobody_touches_the_account_of_who_runs_more_of_the_desk():
    inviter = staff(role("Inviter", permissions.PEOPLE_INVITE, permissions.PEOPLE_EDIT).slug)
    admin, agent, reader = staff("admin"), staff("agent"), staff(role("Reader").slug)
    by = again(inviter)
    with pytest.raises(actions.NotAllowed):
        actions.deactivate(admin, by=by)
    for person in (admin, agent):  # an address could open the account, with all that it may
        with pytest.raises(actions.NotAllowed):
            actions.add_address(person, "mine@evil.example", by=by)
    assert again(admin).is_active and not admin.identities.filter(key="mine@evil.example").exists()
    actions.deactivate(agent, by=by)
    actions.add_address(reader, "other@desk.example", by=by)
    assert not again(agent).is_active
