"""List, page, API, search, files, events, live notices and counts show the same, whatever the rights."""

from __future__ import annotations

import os

import pytest
from django.db import transaction
from django.utils.module_loading import import_string
from hypothesis import HealthCheck, example, given, settings

from tests.access.agreement import Plan, agree, plans
from tests.access.broken import BREAKS

#: the suite tries the same few each time; bin/prove asks for many, others every time
FEW = 8
EXAMPLES = int(os.environ.get("DESKBELL_TEST_EXAMPLES", FEW))


def with_desks_on_which_breaks_show(test):  # type: ignore[no-untyped-def]
    for plan in {each.plan: None for each in BREAKS.values()}:
        test = example(plan=plan)(test)
    return test


@pytest.mark.slow
@pytest.mark.django_db
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES == FEW,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@with_desks_on_which_breaks_show
@given(plan=plans)
def test_every_door_shows_what_a_plain_reading_of_the_rules_says(plan: Plan, settings, tmp_path):
    settings.FILES_DIR = tmp_path
    with transaction.atomic():
        agree(plan)
        transaction.set_rollback(True)


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(BREAKS))
def test_live_notices_that_reach_the_wrong_people_are_found(name, settings, tmp_path, monkeypatch):
    """The test above goes red for each of them."""
    settings.FILES_DIR = tmp_path
    broken = BREAKS[name]
    monkeypatch.setattr(broken.target, broken.by(import_string(broken.target)))
    with pytest.raises(AssertionError, match="live notice"), transaction.atomic():
        agree(broken.plan)
