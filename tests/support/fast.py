"""What `bin/test --fast` leaves out, so that every save is answered within a minute.

Loaded as a plugin (`-p`). Besides tests marked `slow` one by one: those that need another server than the
database's, those that empty all tables afterwards, and whole files whose tests take long.
"""

from __future__ import annotations

import pytest

#: fixtures behind which another server runs, or that commit
FIXTURES = frozenset(
    {
        "addresses",
        "dns",
        "dovecot",
        "gateway",
        "house",
        "mailroom",
        "peer",
        "provider",
        "room",
        "sim",
        "slapd",
        "transactional_db",
    }
)
#: a tenth of a second and more for each test
FILES = (
    "tests/access/test_redirects.py",
    "tests/account/test_guessing.py",
    "tests/account/test_passkeys.py",
    "tests/account/test_single_sign_on.py",
    "tests/account/test_viewing.py",
    "tests/desk/test_bulk.py",
    "tests/desk/test_forward.py",
    "tests/desk/test_merging.py",
    "tests/desk/test_people_merging.py",
    "tests/desk/test_ticket.py",
    "tests/gateway/test_gateway.py",
    "tests/notifications/test_bounces.py",
    "tests/notifications/test_forwards.py",
    "tests/notifications/test_notices.py",
    "tests/notifications/test_wanted.py",
    "tests/people/test_merging.py",
    "tests/setup/test_anonymising.py",
    "tests/tickets/test_merging.py",
    "tests/words/test_catalogs.py",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Before `-m` chooses."""
    for item in items:
        needs = getattr(item, "fixturenames", ())
        if item.nodeid.startswith(FILES) or not FIXTURES.isdisjoint(needs):
            item.add_marker(pytest.mark.slow)
