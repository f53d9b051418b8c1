"""Roles as administrators had shaped them come through the splitting of permissions as they were meant."""

from __future__ import annotations

import importlib

import pytest
from django.apps import apps

from deskbell.events.actor import SYSTEM
from deskbell.people import actions, permissions
from deskbell.people.models import Grant, Role
from tests.stories import staff

pytestmark = pytest.mark.django_db
SPLITTING = importlib.import_module("deskbell.people.migrations.0008_split_permissions")
PARTS = {"ticket.status", "ticket.classify", "figures.view", "setup.tickets", "setup.teams", "setup.roles"}

#: what a role had → what it has more afterwards, and nothing else
SHAPED = {
    "reads only": (["desk.enter"], set()),
    "answers, may change nothing": (["desk.enter", "ticket.reply"], {"ticket.status"}),
    "notes": (["desk.enter", "ticket.note", "ticket.create", "ticket.assign"], set()),
    "changes, answers nobody": (["desk.enter", "ticket.edit"], {"ticket.status", "ticket.classify"}),
    "changes and answers": (
        ["desk.enter", "ticket.edit", "ticket.reply"],
        {"ticket.status", "ticket.classify"},
    ),
    "reads the trail": (["desk.enter", "audit.view"], {"figures.view"}),
    "sets up, hands out nothing": (["setup.enter"], {"setup.tickets", "setup.teams"}),
    "hands roles out, sets nothing up": (["people.view", "people.invite"], set()),
    "runs the desk": (
        ["people.view", "people.invite", "setup.enter"],
        {"setup.tickets", "setup.teams", "setup.roles"},
    ),
    "removes": (["desk.enter", "ticket.trash", "ticket.delete", "ticket.redact"], set()),
    "nothing at all": ([], set()),
}


@pytest.mark.parametrize("scope", ["all", "team", "queue", "assigned"])
@pytest.mark.parametrize("shape", SHAPED)
def test_a_role_gets_the_parts_of_what_it_had_and_nothing_more(shape, scope):
    before, more = SHAPED[shape]
    role = Role.objects.create(
        slug="shaped", name=shape, scope=scope, permissions=before, needs_second_factor=True
    )
    SPLITTING.split(apps, None)
    after = Role.objects.get(pk=role.pk)
    assert after.permissions[: len(before)] == before
    assert (set(after.permissions) - set(before), len(after.permissions)) == (more, len(before) + len(more))
    assert (after.name, after.slug, after.scope, after.needs_second_factor) == (shape, "shaped", scope, True)
    SPLITTING.join(apps, None)
    assert Role.objects.get(pk=role.pk).permissions == before


@pytest.mark.parametrize("scope", ["own", "organization"])
def test_roles_of_customers_get_nothing(scope):
    role = Role.objects.create(slug="shaped", name="Shaped", scope=scope, permissions=["customer.write"])
    SPLITTING.split(apps, None)
    assert Role.objects.get(pk=role.pk).permissions == ["customer.write"]


@pytest.mark.parametrize("slug", ["owner", "admin", "supervisor", "agent", "engineer", "auditor"])
def test_the_roles_of_before_become_those_of_a_new_desk(slug):
    role = Role.objects.get(slug=slug)
    now = set(role.permissions)
    role.permissions = [each for each in role.permissions if each not in PARTS]
    role.save()
    SPLITTING.split(apps, None)
    assert set(Role.objects.get(slug=slug).permissions) == now


def test_a_changed_and_a_copied_role_part_ways_and_nobody_changes_his():
    agent = Role.objects.get(slug="agent")
    copy = actions.copy_role(agent, "Night shift", by=SYSTEM)
    narrow = ["desk.enter", "ticket.note"]
    Role.objects.filter(pk=agent.pk).update(permissions=narrow)  # an administrator had narrowed it
    old = [each for each in copy.permissions if each not in PARTS]
    Role.objects.filter(pk=copy.pk).update(permissions=old)
    somebody = staff()
    actions.grant(somebody, copy.slug)
    grants = set(Grant.objects.values_list("user", "role", "team"))
    SPLITTING.split(apps, None)
    assert Role.objects.get(pk=agent.pk).permissions == narrow
    assert set(Role.objects.get(pk=copy.pk).permissions) - set(old) == {"ticket.status", "ticket.classify"}
    assert set(Grant.objects.values_list("user", "role", "team")) == grants
    assert all(
        set(each.permissions) <= {*permissions.EVERYTHING, "customer.write"} for each in Role.objects.all()
    )


FORWARDING = importlib.import_module("deskbell.people.migrations.0013_forwarding")


def test_forwarding_goes_to_the_roles_of_a_new_desk_that_still_answer_and_to_no_other():
    for role in Role.objects.all():
        role.permissions = [each for each in role.permissions if each != "ticket.forward"]
        role.save()
    shaped = Role.objects.get(slug="supervisor")
    shaped.permissions = ["desk.enter", "ticket.note"]
    shaped.save()
    Role.objects.create(slug="night", name="Night", scope="all", permissions=["ticket.reply"])
    before = dict(Role.objects.values_list("slug", "permissions"))
    FORWARDING.give(apps, None)
    after = dict(Role.objects.values_list("slug", "permissions"))
    given = {slug: [*before[slug], "ticket.forward"] for slug in ("admin", "agent")}
    assert after == {**before, **given}
    FORWARDING.take_away(apps, None)
    assert dict(Role.objects.values_list("slug", "permissions")) == before


def test_a_new_desk_has_the_permission_where_the_document_says():
    have = set(Role.objects.filter(permissions__contains=["ticket.forward"]).values_list("slug", flat=True))
    assert have == {"owner", "admin", "supervisor", "agent"}


def test_who_came_by_whatsapp_before_can_sign_in_by_it_and_nobody_else():
    from django.db import connection

    from deskbell.people.models import Identity

    proving = importlib.import_module("deskbell.people.migrations.0019_proven_numbers")
    ids = {"bsuid": "", "scope": "", "name": "Somebody"}
    came, _made = actions.person_for_whatsapp(wa_id="447700900731", **ids)
    noted, _made = actions.person_for_phone("+44 7700 900732", name="Noted", how="phone")
    actions.person_for_whatsapp(wa_id="447700900732", **ids)
    Identity.objects.update(proven_at=None, proven_how="")
    with connection.cursor() as cursor:
        cursor.execute(proving.PROVE)
    rows = Identity.objects.filter(kind="wa_id").values_list("user", "proven_how")
    assert set(rows) == {(came.pk, "came"), (noted.pk, "")}
