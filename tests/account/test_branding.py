"""Logo, icon and colours for everybody, and every page and mail that shows them."""

from __future__ import annotations

import io
import re

import pytest
from django.test import Client
from PIL import Image

from deskbell.account import mail as letters
from deskbell.events.actor import SYSTEM
from deskbell.kit.secrets import unseal
from deskbell.outbox.models import OutboxItem
from deskbell.people import actions, pictures
from deskbell.people.queries import company
from tests.stories import staff

pytestmark = pytest.mark.django_db
FOR_EVER = "public, max-age=31536000, immutable"


@pytest.fixture
def branded(settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"
    out = io.BytesIO()
    Image.new("RGB", (300, 100), "#7a1fa2").save(out, "PNG")
    out.seek(0)
    actions.change_company(
        by=SYSTEM,
        name="Nordlicht",
        accent="#7a1fa2",
        logo=pictures.keep(out),
        support_address="help@nordlicht.example",
        support_phone="+49 30 5550100",
        footer_links=[{"label": "Imprint", "address": "https://nordlicht.example/imprint"}],
        announcement="**Closed** on Friday",
    )


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/company.css", "text/css; charset=utf-8"),
        ("/company/logo", "image/png"),
        ("/company/icon", "image/png"),
    ],
)
def test_everybody_may_read_them_and_keep_them_at_their_version(client, branded, path, kind):
    now, other = client.get(f"{path}?v={company().version}"), client.get(f"{path}?v=0")
    assert [now.status_code, now["Content-Type"], now["Cache-Control"]] == [200, kind, FOR_EVER]
    assert now["X-Content-Type-Options"] == "nosniff"
    assert (other["Cache-Control"], other.content) == ("no-cache", now.content)


@pytest.mark.parametrize("path", ["/company.css", "/company/logo", "/company/icon"])
def test_what_is_not_there_is_not_found(client, path):
    assert client.get(path).status_code == 404


def links(client: Client, path: str) -> set[str]:
    """Which of the company's addresses the page names."""
    text = client.get(path).content.decode()
    return set(re.findall(r'(?:src|href)="(/company[./]\w+)\?v=1"', text))


@pytest.mark.parametrize("path", ["/", "/signin/", "/signup/", "/desk/", "/setup/people/", "/portal/"])
def test_every_frame_shows_logo_icon_and_colours(client, branded, path):
    if path not in ("/", "/signin/", "/signup/"):
        client.force_login(staff("owner"))
    assert links(client, path) == {"/company.css", "/company/logo", "/company/icon"}


@pytest.mark.parametrize("path", ["/", "/signin/"])
def test_portal_and_sign_in_show_announcement_support_and_links(client, branded, path):
    text = client.get(path).content.decode()
    assert "<strong>Closed</strong> on Friday" in text
    for address in ("mailto:help@nordlicht.example", "tel:+49305550100", "https://nordlicht.example/imprint"):
        assert f'href="{address}"' in text


def test_a_desk_that_stored_nothing_shows_our_own_mark_and_no_factory_address(client):
    text = client.get("/signin/").content.decode()
    assert links(client, "/signin/") == set()
    assert "kit/icon.svg" in text
    assert "support@localhost" not in text


def test_a_mail_carries_the_logo_and_the_colour(branded):
    letters.put("login_code", "lena@example.com", code="ABC")
    payload = unseal(OutboxItem.objects.get().payload)
    (logo,) = payload["attachments"]
    assert (logo["blob"], logo["content_id"]) == (company().logo_id, "logo@company")
    assert 'src="cid:logo@company" width="96" height="32"' in payload["html"]
    assert "#7a1fa2" in payload["html"]
    assert payload["subject"].endswith("Nordlicht")
