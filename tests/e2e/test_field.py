"""An engineer on the road, on a line that is slow and breaks."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

from PIL import ExifTags, Image
from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import PASSWORD
from tests.support.browser import PHONE

ENGINEER = "kofi@lanternfield.example"
GPS, ORIENTATION = ExifTags.Base.GPSInfo, ExifTags.Base.Orientation
#: a photo held upright: the camera writes it lying and says so in its EXIF
LYING, TURNED = (2600, 1950), 6
TEXT = "Access point 6 moved to the north wall, −61 dBm in aisle 14."


def photo(folder: Path, name: str, colour: str) -> Path:
    """A JPEG as a phone's camera writes it, with the place where it was taken."""
    exif = Image.Exif()
    exif[ORIENTATION] = TURNED
    exif.get_ifd(GPS)[ExifTags.GPS.GPSLatitude] = (51.0, 30.0, 0.0)
    noise = Image.effect_noise((LYING[0] // 4, LYING[1] // 4), 40).convert("RGB").resize(LYING)
    picture = Image.blend(noise, Image.new("RGB", LYING, colour), 0.6)
    path = folder / name
    picture.save(path, exif=exif)
    return path


def slow(page: Page) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    line = {"offline": False, "latency": 60, "downloadThroughput": 400_000, "uploadThroughput": 150_000}
    session.send("Network.emulateNetworkConditions", line)


class Cut:
    """Breaks the first requests: `before` they reach the server, or `after`, so that the answer is lost."""

    def __init__(self, *how: str) -> None:
        self.how = list(how)

    def __call__(self, route: Route) -> None:
        how = self.how.pop(0) if self.how and route.request.method == "POST" else ""
        if how == "after":
            route.fetch()
        if how:
            route.abort("connectionreset")
        else:
            route.continue_()


def test_photos_and_words_of_an_engineer_arrive_once_over_a_bad_line(visit, tmp_path):
    engineer = visit(size=PHONE)
    page = engineer.page
    engineer.go("/field/")
    expect(page).to_have_url(re.compile(r"/field/signin/\?next=%2Ffield%2F$"))
    page.get_by_label("E-mail").fill(ENGINEER)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name=re.compile("Handheld scanners lose the connection")).click()
    expect(page.get_by_role("heading", name=re.compile("Handheld scanners"))).to_be_visible()

    # the first photo breaks off, of the second the answer is lost; the page is loaded anew in the middle
    slow(page)
    page.route("**/field/uploads/", Cut("before", "after"))
    page.get_by_role("textbox", name="Message").fill(TEXT)
    page.get_by_label("Take a photo").set_input_files(photo(tmp_path, "one.jpg", "#b04030"))
    page.get_by_label("Choose photos").set_input_files(
        [photo(tmp_path, "two.jpg", "#30a050"), photo(tmp_path, "three.jpg", "#3050b0")]
    )
    rows = page.locator("[data-upload]")
    expect(rows).to_have_count(3)
    expect(page.get_by_text(re.compile("^[12] of 3 sent"))).to_be_visible(timeout=30_000)
    page.reload()
    expect(rows).to_have_count(3)
    expect(page.get_by_role("textbox", name="Message")).to_have_value(TEXT)
    expect(page.get_by_text(re.compile("^3 of 3 sent"))).to_be_visible(timeout=60_000)

    # the message arrives and its answer does not: the phone keeps all, asks, and learns that it is there
    page.route("**/messages/", Cut("after"))
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("The server did not answer.")).to_be_visible()
    expect(page.get_by_role("textbox", name="Message")).to_have_value(TEXT)
    page.reload()
    said = page.locator("#conversation .message").filter(has_text=TEXT)
    expect(said).to_have_count(1)
    expect(rows).to_have_count(0)
    expect(page.get_by_role("textbox", name="Message")).to_have_value("")
    expect(said.locator("img")).to_have_count(3)
    assert page.locator("#conversation").get_by_text(TEXT).count() == 1
    addresses = [engineer.address + image.get_attribute("src") for image in said.locator("img").all()]
    sent = [page.request.get(address).body() for address in addresses]
    assert len(set(sent)) == 3
    for content in sent:
        picture = Image.open(BytesIO(content))
        assert (picture.size, dict(picture.getexif())) == ((1500, 2000), {})

    # done needs a sentence, and then the ticket leaves the list
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text("Say in a sentence what was done")).to_be_visible()
    page.get_by_role("textbox", name="Message").fill("All four scanners hold the line now.")
    page.get_by_role("button", name="Done").dblclick()
    expect(page.get_by_text(re.compile("is done"))).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("Handheld scanners"))).to_have_count(0)
    assert not engineer.overflows()
    broken = "net::ERR_CONNECTION_RESET", "status of 422", "error: htmx:"
    engineer.complaints[:] = [what for what in engineer.complaints if not any(one in what for one in broken)]
