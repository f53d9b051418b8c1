from django.db import migrations

WRITE = "customer.write"
CUSTOMER_SCOPES = ("organization", "own")
READ_ONLY = (
    ("read_only", "Read-only contact", "own"),
    ("read_only_organization", "Read-only contact of the organisation", "organization"),
)


def add(apps, schema_editor):
    """Everybody may go on writing; the new roles may not. A new desk gets all of its roles afterwards."""
    Role = apps.get_model("people", "Role")
    roles = list(Role.objects.all())
    for role in roles:
        if role.scope in CUSTOMER_SCOPES and WRITE not in role.permissions:
            role.permissions = [*role.permissions, WRITE]
            role.save(update_fields=["permissions"])
    if roles:
        for slug, name, scope in READ_ONLY:
            Role.objects.get_or_create(slug=slug, defaults={"name": name, "scope": scope, "permissions": []})


def take_away(apps, schema_editor):
    Role = apps.get_model("people", "Role")
    names = [slug for slug, _name, _scope in READ_ONLY]
    # whoever read only is a customer of the roles before
    customer = Role.objects.filter(slug="customer").first()
    if customer:
        apps.get_model("people", "Grant").objects.filter(role__slug__in=names).update(role=customer)
        apps.get_model("people", "Invitation").objects.filter(role__slug__in=names).update(role=customer)
    Role.objects.filter(slug__in=names).delete()
    for role in Role.objects.all():
        role.permissions = [each for each in role.permissions if each != WRITE]
        role.save(update_fields=["permissions"])


class Migration(migrations.Migration):
    dependencies = [("people", "0011_customer_levels")]

    operations = [migrations.RunPython(add, take_away)]
