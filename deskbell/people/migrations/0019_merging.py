from django.conf import settings
from django.db import migrations, models

import django.db.models.deletion

#: of the roles every desk has
MAY = ("owner", "admin", "supervisor")
PERMISSION = "people.merge"


def give(apps, schema_editor):
    Role = apps.get_model("people", "Role")
    for role in Role.objects.select_for_update().filter(slug__in=MAY):
        if PERMISSION not in role.permissions:
            role.permissions.append(PERMISSION)
            role.save(update_fields=["permissions"])


def take(apps, schema_editor):
    """It is unknown before."""
    Role = apps.get_model("people", "Role")
    for role in Role.objects.select_for_update().filter(permissions__contains=[PERMISSION]):
        role.permissions = [each for each in role.permissions if each != PERMISSION]
        role.save(update_fields=["permissions"])


class Migration(migrations.Migration):
    dependencies = [("people", "0017_anonymised")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="merged_into",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="merged",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(("merged_into__isnull", False)), fields=["merged_into"], name="user_merged"
            ),
        ),
        migrations.CreateModel(
            name="PersonMerge",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("at", models.DateTimeField()),
                ("undone_at", models.DateTimeField(null=True)),
                ("forgotten_at", models.DateTimeField(null=True)),
                ("moved", models.JSONField(default=dict)),
                ("withdrawn", models.JSONField(default=list)),
                ("changed", models.JSONField(default=dict)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="merges",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "target",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="took_over",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("undone_at__isnull", True)),
                        fields=("source",),
                        name="person_merge_once",
                    )
                ],
            },
        ),
        migrations.RunPython(give, take),
    ]
