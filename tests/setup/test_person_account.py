"""Devices and sign-ins of a person on his page of the setup."""

from __future__ import annotations

import pytest
from django.test import Client

from deskbell.events.models import Event
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
