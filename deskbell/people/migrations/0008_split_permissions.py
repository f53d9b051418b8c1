from django.db import migrations

#: what a role that had the first may do now as well, so that nobody loses anything
SPLIT = (
    ("ticket.edit", ("ticket.status", "ticket.classify")),
    # whoever answered could set a status with the answer
    ("ticket.reply", ("ticket.status",)),
    ("audit.view", ("figures.view",)),
    ("setup.enter", ("setup.tickets", "setup.teams")),
)


def split(apps, schema_editor):
    Role = apps.get_model("people", "Role")
    for role in Role.objects.select_for_update():
        before = list(role.permissions)
        for whole, parts in SPLIT:
            if whole in before:
                role.permissions += [part for part in parts if part not in role.permissions]
        # nobody could shape roles before; these ran the desk and handed roles out
        if {"setup.enter", "people.invite"} <= set(before):
            role.permissions.append("setup.roles")
        if role.permissions != before:
            role.save(update_fields=["permissions"])


def join(apps, schema_editor):
    """The parts are unknown before; the wholes are still there."""
    Role = apps.get_model("people", "Role")
    parts = {"setup.roles"}.union(*(new for _whole, new in SPLIT))
    for role in Role.objects.select_for_update():
        role.permissions = [permission for permission in role.permissions if permission not in parts]
        role.save(update_fields=["permissions"])


class Migration(migrations.Migration):
    dependencies = [("people", "0007_levels")]

    operations = [
        migrations.RunPython(split, join),
    ]
