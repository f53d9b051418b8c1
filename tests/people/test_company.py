"""The company: stored once, read cheaply, its pictures made anew."""

from __future__ import annotations

import io
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from PIL import Image

from deskbell.events.actor import SYSTEM
from deskbell.events.models import Event
from deskbell.files import keep as keeping
from deskbell.files.models import Blob
from deskbell.kit import time as kit_time
from deskbell.people import actions, companies, pictures
from deskbell.people.models import Company
from deskbell.people.queries import company, may_register
from deskbell.people.reader import reading

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"


def picture(width: int = 900, height: int = 220, kind: str = "PNG") -> io.BytesIO:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "#7a1fa2").save(out, kind)
    out.seek(0)
    return out


def changes() -> list[list[str]]:
    return [event.data["fields"] for event in Event.objects.filter(kind="company.changed").order_by("pk")]


def test_the_settings_hold_until_something_is_stored_and_are_taken_over_then(settings):
    settings.COMPANY_NAME, settings.SUPPORT_ADDRESS = "Ada IT", "help@ada.example"
    assert (company().name, company().stored) == ("Ada IT", False)
    actions.change_company(by=SYSTEM, support_phone="+49 30 5550100")
    settings.COMPANY_NAME = "Another"
    assert (company().name, company().support_address) == ("Ada IT", "help@ada.example")
    assert (company().support_phone, company().version) == ("+49 30 5550100", 1)


def test_a_change_is_one_event_that_names_its_fields_and_the_same_again_is_none():
    actions.change_company(by=SYSTEM, name="Ada IT", accent="#7a1fa2")
    actions.change_company(by=SYSTEM, name="Ada IT", accent="#7a1fa2")
    assert changes() == [["accent", "name"]]
    assert company().version == 1


def test_only_who_may_set_up_may_change_it():
    agent = actions.create_user("ann@desk.example", name="Ann", role="agent")
    with pytest.raises(actions.NotAllowed):
        actions.change_company(by=agent, name="Mine")
    assert (Company.objects.count(), changes()) == (0, [])


def test_another_process_sees_a_change_when_a_second_has_passed(monkeypatch):
    actions.change_company(by=SYSTEM, name="Before")
    assert company().name == "Before"
    Company.objects.update(name="After")  # as another process would
    assert company().name == "Before"
    monkeypatch.setattr(companies, "KEPT_SECONDS", 0.0)
    assert company().name == "After"


def test_it_is_read_once_a_second_at_most(django_assert_num_queries):
    actions.change_company(by=SYSTEM, name="Ada IT")
    with django_assert_num_queries(1):
        assert {company().name for _ in range(50)} == {"Ada IT"}


def test_a_page_about_a_broken_database_still_has_a_name():
    actions.change_company(by=SYSTEM, name="Ada IT")
    assert company().name == "Ada IT"
    companies._kept = (-1e9, companies._kept[1])

    def broken(execute, sql, params, many, context):
        from django.db import OperationalError

        raise OperationalError("gone")

    with connection.execute_wrapper(broken):
        assert company().name == "Ada IT"


def test_a_logo_is_scaled_and_the_icon_made_of_it():
    actions.change_company(by=SYSTEM, logo=pictures.keep(picture()))
    desk = company()
    assert (desk.logo_width, desk.logo_height, desk.wide_logo, desk.icon_given) == (480, 117, True, False)
    with Image.open(Blob.objects.get(pk=desk.logo_id).path) as logo:
        assert (logo.format, logo.size) == ("PNG", (480, 117))
    with Image.open(Blob.objects.get(pk=desk.icon_id).path) as icon:
        assert (icon.format, icon.size) == ("PNG", (180, 180))
    assert changes() == [["icon", "logo"]]


def test_an_icon_of_its_own_stays_until_it_is_removed_then_the_logo_gives_one_again():
    own = pictures.keep(picture(64, 64, "WEBP"))
    actions.change_company(by=SYSTEM, icon=own)
    actions.change_company(by=SYSTEM, logo=pictures.keep(picture(kind="JPEG")))
    assert company().icon_id == own.icon.pk
    actions.change_company(by=SYSTEM, icon=None)
    assert company().icon_id not in (None, own.icon.pk)
    actions.change_company(by=SYSTEM, logo=None)
    assert (company().logo_id, company().icon_id, company().logo_width) == (None, None, 0)


@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"\x89PNG\r\n\x1a\n and then nothing",
        b"GIF89a" + bytes(200),
        picture(4001, 3).getvalue(),
        picture().getvalue()[:60],
        bytes(pictures.LIMIT + 1),
    ],
    ids=["svg", "broken", "gif", "too wide", "cut", "too big"],
)
def test_what_is_no_sane_picture_is_refused_and_nothing_kept(content):
    with pytest.raises(pictures.BadPicture):
        pictures.keep(io.BytesIO(content))
    assert Blob.objects.count() == 0


def test_pictures_in_use_are_never_swept():
    actions.change_company(by=SYSTEM, logo=pictures.keep(picture()))
    loose = pictures.keep(picture(50, 50))
    Blob.objects.update(created_at=timezone.now() - keeping.ORPHANED_AFTER * 2)
    assert keeping.sweep() == len({loose.blob.pk, loose.icon.pk})
    assert set(Blob.objects.values_list("pk", flat=True)) == {company().logo_id, company().icon_id}


def test_an_announcement_ends_at_its_time():
    actions.change_company(by=SYSTEM, announcement="Closed", announced_until=None)
    assert company().shown_announcement == "Closed"
    actions.change_company(by=SYSTEM, announced_until=timezone.now() - timedelta(seconds=1))
    assert company().shown_announcement == ""


@pytest.mark.parametrize(
    ("policy", "known", "stranger"),
    [("anyone", True, True), ("domains", True, False), ("invited", False, False)],
)
def test_who_may_register_follows_the_address_alone(policy, known, stranger):
    actions.create_organization("Acme", domains=["acme.example"])
    actions.change_company(by=SYSTEM, registration=policy)
    assert may_register("new@ACME.example") is known
    assert may_register("new@elsewhere.example") is stranger


def test_readers_who_chose_nothing_read_as_the_company_has_it():
    actions.change_company(by=SYSTEM, time_zone="Europe/Berlin", date_format="22.11.2026")
    at = timezone.datetime(2025, 1, 2, 23, 30, tzinfo=timezone.get_fixed_timezone(0))
    with reading():
        assert kit_time.exact(at) == "03.01.2025, 12:30\u202fAM CET"
        assert kit_time.day(at) == "03.01.2025"
    with reading(time_zone="UTC"):
        assert kit_time.exact(at) == "02.01.2025, 11:30\u202fPM UTC"
    with reading(time_zone="Nowhere/Gone"):
        assert kit_time.day(at) == "03.01.2025"
    assert kit_time.day(at) == "Jan 2, 2025"


@pytest.mark.django_db(transaction=True)
def test_two_first_changes_at_once_make_one_company():
    def change(**values):
        try:
            actions.change_company(by=SYSTEM, **values)
        finally:
            connection.close()

    both = [threading.Thread(target=change, kwargs=each) for each in ({"name": "A"}, {"accent": "#7a1fa2"})]
    for one in both:
        one.start()
    for one in both:
        one.join(20)
    row = Company.objects.get()
    assert (row.name, row.accent, row.version) == ("A", "#7a1fa2", 2)
