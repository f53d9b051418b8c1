from __future__ import annotations

import re

import pytest

from deskbell.kit.secrets import unseal
from deskbell.outbox.models import OutboxItem
from tests.account.codes_by_whatsapp import approved  # noqa: F401
from tests.channels.chatting import nothing_kept, number, post, sim  # noqa: F401
from tests.support.letters import work_off

PASSWORD = "a long enough secret"
OTHER_PASSWORD = "quite another secret"


@pytest.fixture(autouse=True)
def quick_hashes(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


class Letters:
    """What stands in the outbox, as (kind, recipient, payload)."""

    def all(self) -> list[tuple[str, str, dict]]:
        work_off()
        return [
            (item.kind, item.recipient, unseal(item.payload)) for item in OutboxItem.objects.order_by("pk")
        ]

    def kinds(self) -> list[str]:
        return [kind for kind, _, _ in self.all()]

    def code(self) -> str:
        """The code in the latest mail."""
        (found,) = re.findall(r"^    (\S+)$", self.all()[-1][2]["text"], re.MULTILINE)
        return found


@pytest.fixture
def letters(db) -> Letters:
    return Letters()
