"""List, page, API, search, files, events, live notices and counts show the same, whatever the rights."""

from __future__ import annotations

import os

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings

from tests.access.agreement import Plan, agree, plans

#: the suite tries the same few each time; bin/prove asks for many, others every time
FEW = 8
EXAMPLES = int(os.environ.get("DESKBELL_TEST_EXAMPLES", FEW))


@pytest.mark.slow
@pytest.mark.django_db
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES == FEW,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(plan=plans)
def test_every_door_shows_what_a_plain_reading_of_the_rules_says(plan: Plan, settings, tmp_path):
    settings.FILES_DIR = tmp_path
    with transaction.atomic():
        agree(plan)
        transaction.set_rollback(True)
