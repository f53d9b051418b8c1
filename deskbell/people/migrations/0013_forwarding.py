from django.db import migrations

FORWARD, REPLY = "ticket.forward", "ticket.reply"
#: the owner's role is completed by people.seed
SEEDED = ("admin", "supervisor", "agent")


def give(apps, schema_editor):
    """To the roles that a new desk gives it to, where they still answer customers; roles that administrators
    made get it from them.
    """
    Role = apps.get_model("people", "Role")
    for role in Role.objects.select_for_update().filter(slug__in=SEEDED):
        if REPLY in role.permissions and FORWARD not in role.permissions:
            role.permissions = [*role.permissions, FORWARD]
            role.save(update_fields=["permissions"])


def take_away(apps, schema_editor):
    Role = apps.get_model("people", "Role")
    for role in Role.objects.select_for_update():
        if FORWARD in role.permissions:
            role.permissions = [each for each in role.permissions if each != FORWARD]
            role.save(update_fields=["permissions"])


class Migration(migrations.Migration):
    dependencies = [("people", "0013_company_signature")]

    operations = [migrations.RunPython(give, take_away)]
