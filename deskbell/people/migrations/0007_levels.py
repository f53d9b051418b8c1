from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):
    dependencies = [("people", "0006_second_factor")]

    operations = [
        migrations.AddField(
            model_name="role",
            name="version",
            field=models.PositiveIntegerField(db_default=1, default=1),
        ),
        migrations.AddConstraint(
            model_name="role",
            constraint=models.UniqueConstraint(Lower("name"), name="role_name"),
        ),
        migrations.AddConstraint(
            model_name="role",
            constraint=models.CheckConstraint(
                condition=~models.Q(scope__in=["organization", "own"])
                | models.Q(permissions__contained_by=["customer.write"]),
                name="role_of_customers_writes_at_most",
            ),
        ),
    ]
