from __future__ import annotations

import io

from deskbell.tickets.models import Attachment
from tests import stories
from tests.api.conftest import refused

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


def test_a_file_goes_up_is_posted_and_comes_back_to_those_who_see_its_message(calls):
    ticket, agent = stories.ticket(), stories.staff()
    customer = calls(ticket.requester)
    up = customer.upload(PNG, "screen shot.png")
    assert up.status_code == 201
    file = up.json()
    assert file == {"id": file["id"], "filename": "screen shot.png", "content_type": "image/png", "size": 28}
    refused(calls(agent).get(f"/attachments/{file['id']}"), 404)
    sent = customer.post(
        f"/tickets/{ticket.number}/messages", {"body": "", "visibility": "public", "uploads": [file["id"]]}
    )
    assert sent.json()["attachments"] == [{**file, "inline": False}]
    told = calls(agent).get(f"/attachments/{file['id']}").json()
    assert told == {**file, "inline": False, "message": sent.json()["id"]}
    content = calls(agent).get(f"/attachments/{file['id']}/content")
    assert content.headers["X-Deskbell-File"] == str(Attachment.objects.get().blob.path)
    assert content.headers["Content-Type"] == "image/png"
    assert content.headers["Content-Disposition"] == 'inline; filename="screen shot.png"'
    assert content.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    stranger = calls(stories.customer())
    refused(stranger.get(f"/attachments/{file['id']}"), 404)
    refused(stranger.get(f"/attachments/{file['id']}/content"), 404)


def test_markup_is_never_shown_but_downloaded(calls):
    call = calls(stories.customer())
    pk = call.upload(b"<svg onload=alert(1)>", 'evil";\r\n.svg').json()["id"]
    content = call.get(f"/attachments/{pk}/content")
    assert content.headers["Content-Type"] == "text/plain"
    assert content.headers["Content-Disposition"].startswith("attachment; filename=")


def test_a_file_of_somebody_else_cannot_be_posted(calls):
    ticket = stories.ticket()
    pk = calls(stories.customer()).upload(PNG).json()["id"]
    body = {"body": "x", "visibility": "public", "uploads": [pk]}
    refused(calls(ticket.requester).post(f"/tickets/{ticket.number}/messages", body), 422, "uploads")
    assert Attachment.objects.get().message is None


def test_a_file_too_big_is_refused_and_not_kept(calls, settings):
    settings.UPLOAD_LIMIT = 1024 * 1024
    refused(calls(stories.customer()).upload(b"x" * (1024 * 1024 + 1)), 413)
    assert not Attachment.objects.exists()


def test_an_upload_without_its_file_or_with_half_of_it_is_refused(calls):
    call = calls(stories.customer())
    refused(call.client.post("/api/v1/uploads", {"other": "x"}, headers=call.headers), 422, "file")
    refused(call.post("/uploads", {"file": "x"}), 422, "file")
    torn = io.BytesIO(b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf')
    response = call.client.generic(
        "POST", "/api/v1/uploads", torn.read(), content_type="multipart/form-data", headers=call.headers
    )
    refused(response, 400)
    assert not Attachment.objects.exists()
