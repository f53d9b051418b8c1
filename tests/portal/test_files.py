"""Files and mails in their own formatting, as a customer may open them."""

from __future__ import annotations

import json
import re
from io import BytesIO

import pytest
from django.core.files.base import ContentFile
from PIL import Image

from deskbell.files.actions import store
from deskbell.tickets import actions
from deskbell.tickets.content import Content, NewFile
from deskbell.tickets.models import Attachment
from tests.stories import customer, staff, ticket


def picture() -> bytes:
    kept = BytesIO()
    Image.new("RGB", (2, 2), "red").save(kept, "PNG")
    return kept.getvalue()


@pytest.fixture
def mail(ada, settings, tmp_path):
    """A mail of Ada's with a picture in its text."""
    settings.FILES_DIR = tmp_path / "files"
    content = Content(
        text="See the picture",
        html='<p>See <img src="cid:shot@1"></p><img data-remote="https://tracker.example/x.gif">',
        markup="mail",
        files=[
            NewFile(store(ContentFile(picture()), limit=10_000), "shot.png", inline=True, content_id="shot@1")
        ],
    )
    asked = actions.open_ticket(
        requester=ada, subject="Look", content=content, by=ada, source="mail", channel="email"
    )
    return asked.messages.get()


def test_a_mail_is_shown_in_a_sandbox_with_its_own_pictures(web, client, mail):
    answer = web.get(f"/portal/messages/{mail.pk}/html/")
    assert answer.status_code == 200
    assert answer["Content-Security-Policy"].startswith("sandbox; default-src 'none'; img-src 'self';")
    (source,) = re.findall(r'src="(/portal/inline/[^"]+)"', answer.content.decode())
    client.logout()  # a sandboxed frame sends no cookies
    image = client.get(source)
    assert image.status_code == 200
    assert image["Content-Type"] == "image/png"
    assert image["X-Deskbell-File"] == str(Attachment.objects.get().blob.path)


def test_a_forged_picture_token_shows_nothing(client, mail):
    assert client.get("/portal/inline/forged:token/").status_code == 404


def test_a_strangers_mail_and_files_are_not_there(client, mail):
    client.force_login(customer())
    for address in (f"messages/{mail.pk}/html/", f"attachments/{Attachment.objects.get().pk}/"):
        answer = client.get(f"/portal/{address}")
        assert answer.status_code == 404
        assert "X-Deskbell-File" not in answer


def test_a_file_of_an_internal_note_is_not_there(web, ada):
    asked, agent = ticket(ada), staff()
    kept = actions.upload(ContentFile(b"for staff"), filename="hidden.txt", by=agent)
    actions.note(asked, Content.markdown("See", uploads=[kept.pk]), by=agent)
    assert web.get(f"/portal/attachments/{kept.pk}/").status_code == 404


def test_signed_out_files_ask_to_sign_in(client, mail):
    assert client.get(f"/portal/attachments/{Attachment.objects.get().pk}/").url.startswith("/signin/?next=")


# --- all files in one zip -------------------------------------------------------------------------


def packed(answer) -> dict[str, str]:
    return {name: path for name, path, _at in json.loads(answer["X-Deskbell-Archive"])}


def test_all_files_of_a_ticket_go_into_one_zip_without_those_of_notes(web, ada, client):
    asked, agent = ticket(ada), staff()
    for content, visible in ((b"one", True), (b"two", True), (b"for staff", False)):
        kept = actions.upload(ContentFile(content), filename="log.txt", by=agent)
        write = actions.reply if visible else actions.note
        write(asked, Content.markdown("See", uploads=[kept.pk]), by=agent)
    answer = web.get(f"/portal/tickets/{asked.number}/files.zip")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"] == f'attachment; filename="ticket-{asked.number}-files.zip"'
    blobs = {file.blob.sha256: file.blob for file in Attachment.objects.all()}
    public = [blob for blob in blobs.values() if blob.path.read_bytes() != b"for staff"]
    assert packed(answer) == {
        name: str(blob.path) for name, blob in zip(("log.txt", "log (2).txt"), public, strict=True)
    }
    assert f"{asked.number}/files.zip" in web.get(f"/portal/tickets/{asked.number}/").content.decode()
    client.force_login(agent)
    assert len(packed(client.get(f"/desk/tickets/{asked.number}/files.zip"))) == 3


def test_without_files_there_is_no_zip_and_no_link_to_one(web, ada):
    asked = ticket(ada)
    assert web.get(f"/portal/tickets/{asked.number}/files.zip").status_code == 404
    assert "files.zip" not in web.get(f"/portal/tickets/{asked.number}/").content.decode()


def test_a_strangers_zip_is_not_there(client, mail):
    client.force_login(customer())
    answer = client.get(f"/portal/tickets/{mail.ticket.number}/files.zip")
    assert answer.status_code == 404
    assert "X-Deskbell-Archive" not in answer
