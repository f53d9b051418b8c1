"""A directory in a browser: the owner sets it up and tries it out, then people come in by it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.test_signing_in import person
from tests.support.browser import PHONE
from tests.support.ldapserver import GROUPS, PASSWORD, PEOPLE, READER, READER_SECRET, LdapServer, ldap_server

OWNER = "maren@lanternfield.example"


@pytest.fixture(scope="module")
def slapd() -> Iterator[LdapServer]:
    with ldap_server() as running:
        yield running


def test_the_owner_sets_a_directory_up_and_people_come_in_by_it(visit, desk, slapd):
    who = person(desk, "nils.directory@lanternfield.example", "engineer")
    slapd.group("leads", slapd.person("nils", mail=who, cn="Nils"))
    boss = visit(OWNER)
    page = boss.go("/setup/directories/new/").page
    page.get_by_label("Name", exact=True).fill("Lanternfield directory")
    page.get_by_label("Servers").fill(slapd.tls_url)
    page.get_by_label("Certificate of your own authority").fill(slapd.authority)
    page.get_by_label("Account to search with").fill(READER)
    page.get_by_label("Its password").fill(READER_SECRET)
    page.get_by_label("Base", exact=True).fill(PEOPLE)
    page.get_by_label("Base of the groups").fill(GROUPS)
    row = page.get_by_role("group", name="Role 1")
    row.get_by_label("Group").fill("leads")
    row.get_by_label("Role").select_option(label="Supervisor")
    page.get_by_label("Nobody writes his own e-mail address there").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_label("Whom to look up").fill("nils")
    page.get_by_role("button", name="Test").click()
    expect(page.get_by_text(f"uid=nils,{PEOPLE}")).to_be_visible()
    expect(page.locator(".provider-facts").get_by_text("Supervisor")).to_be_visible()
    page.get_by_label("Check passwords there").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("“Lanternfield directory” is saved")).to_be_visible()

    page = visit().go("/signin/?next=/account/second-factor/").page
    page.get_by_label("E-mail or user name").fill("nils")
    page.get_by_label("Password", exact=True).fill("not his")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text("are not correct")).to_be_visible()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text("“Lanternfield directory” keeps your password")).to_be_visible()

    page = visit(size=PHONE).go("/field/signin/").page
    page.get_by_label("E-mail or user name").fill("nils")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/field/")

    page = boss.page
    page.get_by_role("link", name="Remove…").click()
    expect(page.get_by_text("1 person signs in with a password it keeps")).to_be_visible()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("No directory yet")).to_be_visible()
