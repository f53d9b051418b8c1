"""Every column that points to a person says what becomes of it when two people are merged."""

from __future__ import annotations

from django.apps import apps
from django.db.models import UniqueConstraint

from deskbell.people.models import Identity, User
from deskbell.people.references import Fate, references


def test_no_column_that_points_to_a_person_is_forgotten():
    pointing = {
        f"{model._meta.label_lower}.{field.name}"
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.get_fields()
        if field.is_relation and field.concrete and field.related_model in (User, Identity)
    }
    assert pointing == {each.key for each in references()}


def test_what_a_person_may_have_once_is_had_once_after_a_merge():
    """Each unique constraint in which a moving column stands is looked at before it moves."""
    unseen = [
        (each.key, constraint.name)
        for each in references(Fate.MOVES)
        for constraint in each.model._meta.constraints
        if isinstance(constraint, UniqueConstraint) and each.name in constraint.fields
        if not {
            each.model._meta.get_field(name).column for name in constraint.fields if name != each.name
        }.issubset(each.once)
    ]
    assert unseen == [("people.identity.user", "identity_primary")]  # settled before
