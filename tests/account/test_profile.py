"""One's photo: cut square, shown, removed, and whose eyes it is for."""

from __future__ import annotations

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from deskbell.events.models import Event
from deskbell.files.keep import _keepers
from deskbell.people.models import User
from tests.stories import customer, staff, ticket

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"


def picture(kind: str = "JPEG", size: tuple[int, int] = (900, 500)) -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", size, "#7a1fa2").save(out, kind)
    return SimpleUploadedFile(f"me.{kind.lower()}", out.getvalue(), "image/jpeg")


def fresh(user: User) -> User:
    return User.objects.select_related("photo").get(pk=user.pk)


def test_a_photo_is_cut_square_and_shown(client):
    mira = staff(name="Mira")
    client.force_login(mira)
    assert client.post("/account/photo/", {"photo": picture()}).status_code == 302
    photo = fresh(mira).photo
    answer = client.get(f"/account/faces/{mira.pk}/?v={photo.pk}")
    assert Image.open(io.BytesIO(answer.content)).size == (256, 256)
    assert "immutable" in answer.headers["Cache-Control"]
    assert f"/account/faces/{mira.pk}/?v={photo.pk}" in client.get("/account/").content.decode()
    assert Event.objects.filter(kind="user.changed", about_id=mira.pk).latest("pk").data == {
        "fields": ["photo"]
    }
    assert photo.pk in {pk for used in _keepers for (pk,) in used().values_list("blob")}


def test_it_is_removed(client):
    mira = staff()
    client.force_login(mira)
    client.post("/account/photo/", {"photo": picture()})
    client.post("/account/photo/", {"remove": "1"})
    assert fresh(mira).photo is None
    assert client.get(f"/account/faces/{mira.pk}/").status_code == 404


@pytest.mark.parametrize(
    "content", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"", b"\x89PNG\r\n\x1a\nbroken"]
)
def test_what_is_no_picture_is_refused(client, content):
    mira = staff()
    client.force_login(mira)
    answer = client.post("/account/photo/", {"photo": SimpleUploadedFile("me.png", content)})
    assert answer.status_code == 422
    assert fresh(mira).photo is None


def test_customers_see_only_their_own_and_the_desk_sees_all(client):
    lena, otto = customer(), customer()
    client.force_login(lena)
    client.post("/account/photo/", {"photo": picture()})
    assert client.get(f"/account/faces/{lena.pk}/").status_code == 200
    client.force_login(otto)
    assert client.get(f"/account/faces/{lena.pk}/").status_code == 404
    client.force_login(staff())
    assert client.get(f"/account/faces/{lena.pk}/").status_code == 200


def test_the_ticket_page_shows_it_and_asks_no_more_for_it(client, django_assert_max_num_queries):
    lena = customer()
    asked = ticket(lena)
    client.force_login(lena)
    client.post("/account/photo/", {"photo": picture("PNG", (40, 60))})
    client.force_login(staff())
    client.get(f"/desk/tickets/{asked.number}/")
    with django_assert_max_num_queries(14):
        page = client.get(f"/desk/tickets/{asked.number}/").content.decode()
    assert f"/account/faces/{lena.pk}/" in page
