"""Two customers are one person: merged, told, undone."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings

from deskbell.events.actor import SYSTEM
from deskbell.events.models import Event, EventDetail
from deskbell.people import actions, merges
from deskbell.people.models import ApiToken, Grant, Identity, PersonMerge, ProviderLink, User
from deskbell.people.pointers import final, parts_of
from deskbell.people.queries import customers, find_people, holder_of_token, people_of
from deskbell.tickets import actions as tickets
from deskbell.tickets.content import Content
from deskbell.tickets.models import Message, Ticket, Watcher
from tests.people.merging import Side, Two, copies_of_own_tickets, left_behind, sides, written
from tests.stories import customer, fresh, organization, staff, ticket

FEW = 25
EXAMPLES = int(os.environ.get("DESKBELL_TEST_EXAMPLES", FEW))
FULL = Side(
    *(True, True, True, 2, True, 0, True, True, True, True),
    *(2, True, True, True, True, True, True, True, True, True),
)
BARE = Side(
    *(False, False, False, 0, False, None, False, False, False, False),
    *(0, False, False, False, False, False, False, False, False, False),
)


def again(person: User) -> User:
    return User.objects.get(pk=person.pk)


@pytest.fixture
def boss(db) -> User:
    return staff("supervisor")


# --- every row --------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.django_db
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES == FEW,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(source=FULL, target=FULL)
@example(source=FULL, target=BARE)
@example(source=BARE, target=FULL)
@given(source=sides, target=sides)
def test_undoing_gives_back_every_row_as_it_was(source: Side, target: Side):
    with transaction.atomic():
        two = Two(source, target)
        before = written()
        actions.merge(two.source, two.target, by=two.agent)
        assert left_behind(two.source) == {}
        assert copies_of_own_tickets(two.target) == 0
        every = [each.pk for made in two.tickets for each in made]
        assert set(Ticket.objects.filter(pk__in=every).values_list("requester", flat=True)) <= {two.target.pk}
        actions.unmerge(two.source, by=two.agent)
        after = written()
        changed = {table for table in before if before[table] != after[table]}
        wrong = {t: (set(before[t]) ^ set(after[t])) for t in changed - {"people_device"}}
        assert wrong == {}
        transaction.set_rollback(True)


# --- what becomes of both -----------------------------------------------------------------------------


def test_everything_is_the_one_who_remains_and_the_other_leads_there(boss):
    lena, ole = customer(organization("Acme"), name="Lena"), customer(name="Ole")
    mine, his = ticket(lena), ticket(ole)
    actions.add_address(lena, "+49 30 901820", by=boss)
    whole = actions.merge(lena, ole, by=boss)
    assert whole == ole
    part = again(lena)
    assert (part.merged_into, part.is_active, part.email) == (ole, False, None)
    assert set(Ticket.objects.filter(requester=ole)) == {mine, his}
    assert set(Message.objects.values_list("author", flat=True)) == {ole.pk}
    assert set(ole.identities.values_list("key", flat=True)) == {lena.email, ole.email, "+4930901820"}
    assert [each.key for each in ole.identities.filter(primary=True).order_by("kind")] == [
        ole.email,
        "+4930901820",
    ]
    assert (whole.email, whole.name, whole.organization) == (ole.email, "Ole", lena.organization)
    assert lena not in customers(boss) and ole in customers(boss)
    assert lena not in people_of(lena.organization_id) and ole in people_of(lena.organization_id)
    assert list(find_people(boss, lena.email)) == [ole]
    assert actions.person_for_email(str(lena.email), name="x", how="mail") == (ole, False)
    assert final(part) == ole and parts_of(ole) == [lena]


def test_ways_in_end_and_are_not_taken_over(boss):
    lena, ole = customer(), customer()
    actions.verify_identity(lena.identities.get(), how="code", by=SYSTEM)
    actions.set_password(lena, "quiet-harbour-41", how="made", by=SYSTEM)
    actions.grant(lena, "customer_manager")
    token = actions.create_token(lena, name="mine")
    browser = Client()
    browser.force_login(lena, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert browser.get("/portal/").status_code == 200
    actions.merge(lena, ole, by=boss)
    assert browser.get("/portal/").status_code == 302
    assert holder_of_token(token) is None
    answer = Client().get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    browser = Client()
    browser.post("/signin/", {"login": lena.email, "password": "quiet-harbour-41"})
    assert "_auth_user_id" not in browser.session
    assert not again(ole).has_usable_password()
    assert not ApiToken.objects.filter(user=ole).exists()
    assert {grant.role.slug for grant in Grant.objects.filter(user=ole).select_related("role")} == {
        "customer"
    }
    verified = {each.key: each.verified_at is not None for each in ole.identities.all()}
    assert verified == {lena.email: True, ole.email: False}
    assert list(EmailAddress.objects.values_list("user", "email").filter(user__in=[lena, ole])) == [
        (ole.pk, ole.email)
    ]
    for act in (
        lambda: actions.reactivate(lena, by=staff("owner")),
        lambda: actions.grant(again(lena), "customer_manager", by=staff("owner")),
        lambda: actions.change_person(again(lena), by=boss, name="x"),
        lambda: actions.add_address(again(lena), "x@new.example", by=boss),
    ):
        with pytest.raises(actions.NotAllowed):
            act()


def test_a_copy_of_a_ticket_of_ones_own_goes_and_comes_back(boss):
    lena, ole = customer(), customer()
    mine, his = ticket(lena), ticket(ole)
    tickets.add_copy(mine, ole, by=boss)
    tickets.add_copy(his, lena, by=boss)
    before = set(Watcher.objects.values_list("pk", "ticket", "user"))
    actions.merge(lena, ole, by=boss)
    assert not Watcher.objects.exists()
    actions.unmerge(lena, by=boss)
    assert set(Watcher.objects.values_list("pk", "ticket", "user")) == before


def test_who_sees_a_whole_organisation_is_not_put_into_one(boss):
    lena, ole = customer(organization()), customer(role="customer_manager")
    actions.merge(lena, ole, by=boss)
    assert again(ole).organization is None


def test_the_second_click_and_the_way_back_of_a_pair_do_nothing(boss):
    lena, ole = customer(), customer()
    for _n in range(2):
        assert actions.merge(lena, ole, by=boss) == ole
    assert PersonMerge.objects.count() == 1
    assert Event.objects.filter(kind="user.merged").count() == 1
    with pytest.raises(actions.NotMergeable, match="same"):
        actions.merge(ole, lena, by=boss)


def test_both_trails_tell_of_it_and_of_the_way_back(boss):
    lena, ole = customer(), customer()
    ticket(lena)
    actions.merge(lena, ole, by=boss)
    actions.unmerge(lena, by=boss)
    told = Event.objects.filter(actor_id=boss.pk, about_kind="user").order_by("pk")
    assert [(each.kind, each.about_id) for each in told] == [
        ("user.merged", lena.pk),
        ("user.took_over", ole.pk),
        ("user.unmerged", lena.pk),
        ("user.gave_back", ole.pk),
    ]
    assert told[0].data["moved"] == {
        "people.identity.user": 1,
        "tickets.message.author": 1,
        "tickets.ticket.last_author": 1,
        "tickets.ticket.requester": 1,
    }


# --- chains -------------------------------------------------------------------------------------------


def test_a_chain_leads_to_its_end_and_is_undone_from_there(boss):
    a, b, c = customer(), customer(), customer()
    asked = ticket(a)
    actions.merge(a, b, by=boss)
    actions.merge(b, c, by=boss)
    assert final(again(a)) == c and parts_of(c) == [b, a]
    assert fresh(asked).requester == c
    with pytest.raises(actions.NotMergeable, match="target_merged"):
        actions.unmerge(a, by=boss)
    actions.unmerge(b, by=boss)
    assert fresh(asked).requester == b
    actions.unmerge(a, by=boss)
    assert fresh(asked).requester == a
    assert [again(each).merged_into for each in (a, b, c)] == [None] * 3


def test_a_third_goes_where_the_second_went_and_the_later_is_undone_first(boss):
    a, b, c = customer(), customer(), customer()
    actions.merge(b, c, by=boss)
    assert actions.merge(a, b, by=boss) == c
    with pytest.raises(actions.NotMergeable, match="later"):
        actions.unmerge(b, by=boss)
    past = merges.merges_into(c)
    assert [(each.merge.source, each.can_be_undone, each.refused) for each in past] == [
        (a, True, None),
        (b, False, "later"),
    ]
    with pytest.raises(actions.NotMergeable, match="merged"):
        actions.merge(b, customer(), by=boss)
    actions.unmerge(a, by=boss)
    actions.unmerge(b, by=boss)


# --- who, and whom ------------------------------------------------------------------------------------


def refused(reason: str, source: User, target: User, by: User) -> None:
    before = written()
    for one, other in ((source, target), (target, source)):
        with pytest.raises(actions.NotMergeable, match=f"^{reason}$"):
            actions.merge(one, other, by=by)
    assert written() == before


def test_staff_are_never_merged_not_even_when_they_have_left(boss):
    owner, mara, lena = staff("owner"), staff("agent"), customer()
    refused("staff", mara, lena, owner)
    refused("staff", mara, staff("agent"), owner)
    actions.deactivate(mara, by=owner)
    refused("staff", mara, lena, owner)


def test_who_is_invited_to_work_here_is_not_merged(boss):
    owner, lena, ole = staff("owner"), customer(), customer()
    invitation = actions.invite(str(lena.email).upper(), name="", role="agent", by=owner)
    refused("invited", lena, ole, owner)
    actions.withdraw_invitation(invitation, by=owner)
    actions.merge(lena, ole, by=boss)


def test_closed_and_anonymised_accounts_are_not_merged(boss):
    owner, lena, ole = staff("owner"), customer(), customer()
    actions.deactivate(lena, by=owner)
    refused("closed", lena, ole, owner)
    actions.anonymise(lena, by=owner)
    refused("anonymised", lena, ole, owner)


@pytest.mark.parametrize("role", ["agent", "engineer", "auditor", "customer_manager", "customer"])
def test_it_takes_the_permission(boss, role):
    lena, ole, somebody = customer(), customer(), staff(role)
    with pytest.raises(actions.NotAllowed):
        actions.merge(lena, ole, by=somebody)
    assert again(lena).merged_into is None
    actions.merge(lena, ole, by=boss)
    with pytest.raises(actions.NotAllowed):
        actions.unmerge(lena, by=somebody)
    assert again(lena).merged_into == ole


# --- what comes since -----------------------------------------------------------------------------------


def test_what_was_written_to_neither_address_of_the_source_stays(boss):
    lena, ole = customer(), customer()
    mine = ticket(lena)
    actions.merge(lena, ole, by=boss)
    later = ticket(again(ole), "Another matter.")
    said = tickets.customer_reply(fresh(mine), Content.markdown("I am Ole."), by=again(ole))
    actions.unmerge(lena, by=boss)
    assert fresh(later).requester == ole
    assert (Message.objects.get(pk=said.pk).author, fresh(mine).last_author) == (ole, ole)
    assert fresh(mine).requester == lena


def test_what_changed_since_is_left_as_it_is(boss):
    lena, ole = customer(organization(), name="Lena"), customer(name="")
    User.objects.filter(pk=ole.pk).update(name="")
    actions.merge(lena, ole, by=boss)
    assert again(ole).name == "Lena"
    actions.change_person(again(ole), by=boss, name="Ole")
    removed = again(ole).identities.get(key=lena.email)
    actions.remove_address(removed, by=boss)
    actions.add_address(again(ole), "new@mail.example", by=boss)
    actions.unmerge(lena, by=boss)
    assert (again(ole).name, again(ole).organization) == ("Ole", None)
    assert set(ole.identities.values_list("key", flat=True)) == {ole.email, "new@mail.example"}
    assert (lena.identities.count(), again(lena).email) == (0, None)


def test_an_address_that_came_first_by_the_merge_makes_room_again(boss):
    lena, ole = customer(), actions.create_person(name="Ole", how="walk_in", by=boss)
    actions.merge(lena, ole, by=boss)
    assert again(ole).email == lena.email
    actions.add_address(again(ole), "ole@mail.example", by=boss)
    actions.unmerge(lena, by=boss)
    assert (again(lena).email, again(ole).email) == (lena.email, "ole@mail.example")
    assert set(EmailAddress.objects.filter(user__in=[lena, ole]).values_list("user", "email")) == {
        (lena.pk, lena.email),
        (ole.pk, "ole@mail.example"),
    }


def test_a_ticket_that_was_deleted_for_ever_stays_away(boss):
    lena, ole, owner = customer(), customer(), staff("owner")
    his = ticket(ole)
    tickets.add_copy(his, lena, by=boss)
    actions.merge(lena, ole, by=boss)
    tickets.trash(fresh(his), by=owner)
    tickets.delete_for_ever(fresh(his), by=owner)
    actions.unmerge(lena, by=boss)
    assert not Watcher.objects.exists()


def test_a_sign_in_by_the_provider_goes_to_the_one_who_remains(boss):
    """The old link is gone; it is made anew by the verified address, and given back by undoing."""
    two = Two(FULL, BARE)
    actions.merge(two.source, two.target, by=two.agent)
    assert not ProviderLink.objects.exists()
    ProviderLink.objects.create(user=two.target, provider=two.provider, subject="s0")
    actions.unmerge(two.source, by=two.agent)
    assert ProviderLink.objects.get().user == two.source


# --- afterwards -----------------------------------------------------------------------------------------


def test_what_was_on_its_way_is_gathered_and_given_back_too(boss):
    a, b, c = customer(), customer(), customer()
    actions.merge(a, b, by=boss)
    actions.merge(b, c, by=boss)
    late = ticket(a)  # by a request that knew him before
    Identity.objects.create(user=a, kind="phone", key="+4930901820", given="030 901820", primary=True)
    actions.gather(a.pk)
    assert fresh(late).requester == c
    assert Identity.objects.get(kind="phone").user == c
    actions.unmerge(b, by=boss)
    actions.unmerge(a, by=boss)
    assert fresh(late).requester == a and Message.objects.get(ticket=late).author == a
    assert Identity.objects.get(kind="phone").user == a


def test_after_thirty_days_it_is_for_good_and_nothing_is_kept(boss):
    two = Two(FULL, FULL)
    lena, ole = two.source, two.target
    actions.merge(lena, ole, by=boss)
    now = timezone.now()
    assert actions.forget_merges(now=now + timedelta(days=29, hours=23)) == 0
    assert actions.forget_merges(now=now + timedelta(days=30, minutes=1)) == 1
    row = PersonMerge.objects.get()
    assert (row.moved, row.withdrawn, row.changed) == ({}, [], {})
    with pytest.raises(actions.TooLateToUndo):
        actions.unmerge(lena, by=boss)
    assert not ApiToken.objects.filter(user=lena).exists() and not Grant.objects.filter(user=lena).exists()
    assert not again(lena).has_usable_password() and again(lena).merged_into == ole
    assert actions.forget_merges(now=now + timedelta(days=99)) == 0


def test_too_late_is_too_late_before_the_night_has_come(boss):
    lena, ole = customer(), customer()
    actions.merge(lena, ole, by=boss)
    PersonMerge.objects.update(at=timezone.now() - timedelta(days=30, seconds=1))
    actions.merge(customer(), ole, by=boss)  # which came later is of no interest any more
    with pytest.raises(actions.TooLateToUndo):
        actions.unmerge(lena, by=boss)
    assert again(lena).merged_into == ole


def test_anonymising_reaches_everybody_who_became_part(boss):
    owner = staff("owner")
    a, b, c = customer(name="Wilma Quast"), customer(name="Wilhelmine Quast"), customer(name="Willi Floh")
    actions.change_person(a, by=boss, notes="Wilma calls often")
    ticket(a)
    for source, target in ((a, b), (b, c)):
        actions.merge(source, target, by=boss)
    actions.anonymise(a, by=owner)  # he stands for the one he is part of
    for each in (a, b, c):
        assert (again(each).name, again(each).notes, again(each).email) == ("", "", None)
        assert again(each).anonymised_at is not None
    assert not Identity.objects.filter(user__in=[a, b, c]).exists()
    rest = " ".join(row for rows in written().values() for row in rows)
    rest += " ".join(str(values) for values in EventDetail.objects.values_list("values", flat=True))
    assert "Quast" not in rest and "Floh" not in rest and str(a.email) not in rest
    assert PersonMerge.objects.filter(moved={}, withdrawn=[], changed={}).count() == 2
    with pytest.raises(actions.NotMergeable, match="target_anonymised"):
        actions.unmerge(b, by=owner)
