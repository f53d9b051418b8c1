import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    """When a customer could last see something new, so that what staff do among themselves moves no list."""

    dependencies = [
        ('tickets', '0003_bulk_changes'),
    ]

    operations = [
        migrations.AddField(
            model_name='ticket',
            name='public_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
    ]
