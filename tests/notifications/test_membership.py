"""Who hears that somebody would belong to an organisation."""

from __future__ import annotations

from deskbell.people import actions as people
from deskbell.people.models import MembershipRequest, Organization
from tests.notifications.conftest import text
from tests.stories import customer, staff


def test_managers_and_administrators_are_asked_and_the_person_hears_the_yes(post):
    acme = people.create_organization("Acme", domains=["acme.example"])
    Organization.objects.update(needs_approval=True)
    owner, otto = staff("owner"), customer(acme, role="customer_manager")
    staff("agent")
    customer(acme)
    people.person_for_email("nia@acme.example", name="Nia", how="mail")
    mails = {mail["To"]: mail for mail in post()}
    assert sorted(mails) == sorted([owner.email, f"{otto.name} <{otto.email}>"]) or len(mails) == 2
    told = [text(mail) for mail in mails.values()]
    assert all("Nia would like to belong to Acme." in each for each in told)
    assert sum("https://desk.example/portal/organization/" in each for each in told) == 1
    assert sum(f"https://desk.example/setup/organizations/{acme.pk}/" in each for each in told) == 1
    people.decide_membership(MembershipRequest.objects.get(), approve=True, by=otto)
    (mail,) = post()
    assert "nia@acme.example" in mail["To"]
    assert "You belong to Acme now." in text(mail)
    assert post() == []


def test_nobody_is_told_of_a_refusal(post):
    people.create_organization("Acme", domains=["acme.example"])
    Organization.objects.update(needs_approval=True)
    owner = staff("owner")
    people.person_for_email("nia@acme.example", name="Nia", how="mail")
    assert len(post()) == 1
    people.decide_membership(MembershipRequest.objects.get(), approve=False, by=owner)
    assert post() == []
