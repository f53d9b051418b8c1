"""Devices and sign-ins of a person on his page of the setup."""

from __future__ import annotations

import pytest
from django.test import Client

from deskbell.events.models import Event
from deskbell.people import actions
from deskbell.people.models import Device
from tests.setup.conftest import page
from tests.stories import staff

pytestmark = pytest.mark.django_db


def test_an_administrator_sees_and_revokes_a_device(web, owner):
    engineer, phone = staff("engineer"), Client()
    phone.force_login(engineer)
    device = Device.objects.get(user=engineer)
    shown = page(web, f"/setup/people/{engineer.pk}/")
    assert f"/setup/people/{engineer.pk}/devices/{device.pk}/removal/" in shown
    web.post(f"/setup/people/{engineer.pk}/devices/{device.pk}/removal/")
    assert phone.get("/account/").status_code == 302
    event = Event.objects.get(kind="user.device_revoked")
    assert (event.actor_id, event.about_id, event.data["why"]) == (owner.pk, engineer.pk, "revoked")
    assert "signed the device out" in page(web, f"/setup/people/{engineer.pk}/")


def test_an_administrator_does_not_sign_an_owner_out(owner):
    mine, admin = Client(), Client()
    mine.force_login(owner)
    admin.force_login(staff("admin"))
    device = Device.objects.filter(user=owner).latest("pk")
    address = f"/setup/people/{owner.pk}/devices/{device.pk}/removal/"
    assert address not in page(admin, f"/setup/people/{owner.pk}/")
    admin.post(address)
    assert mine.get("/account/").status_code == 200
    assert not Event.objects.filter(kind="user.device_revoked").exists()


def test_the_phone_days_are_between_a_day_and_a_year(web):
    shown = page(web, "/setup/company/")
    assert 'name="phone_days"' in shown
    assert 'max="365"' in shown


def test_an_administrator_sees_by_which_numbers_somebody_signs_in_and_ends_that(web, owner):
    engineer = staff("engineer")
    assert "WhatsApp numbers that sign in" not in page(web, f"/setup/people/{engineer.pk}/")
    actions.bind_whatsapp(engineer, wa_id="447700900731", bsuid="", scope="")
    number = engineer.identities.get(kind="wa_id")
    address = f"/setup/people/{engineer.pk}/numbers/{number.pk}/removal/"
    assert address in page(web, f"/setup/people/{engineer.pk}/")
    for _click in range(2):
        web.post(address)
    number.refresh_from_db()
    assert (number.proven_at, number.proven_how, number.user) == (None, "", engineer)
    event = Event.objects.get(kind="user.number_doubted")
    assert (event.actor_id, event.about_id) == (owner.pk, engineer.pk)
    assert address not in page(web, f"/setup/people/{engineer.pk}/")
    assert "+447700900731 signs nobody in any more" in page(web, "/setup/audit/")


def test_an_administrator_leaves_the_numbers_of_an_owner_alone(owner):
    admin = Client()
    admin.force_login(staff("admin"))
    actions.bind_whatsapp(owner, wa_id="447700900731", bsuid="", scope="")
    number = owner.identities.get(kind="wa_id")
    admin.post(f"/setup/people/{owner.pk}/numbers/{number.pk}/removal/")
    number.refresh_from_db()
    assert number.proven_how == "sign"
