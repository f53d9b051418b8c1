from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('people', '0011_read_only_roles'),
    ]

    operations = [
        migrations.AddField(
            model_name='company',
            name='tickets_per_sender',
            field=models.PositiveSmallIntegerField(db_default=60, default=60),
        ),
        migrations.AddField(
            model_name='identity',
            name='undeliverable_at',
            field=models.DateTimeField(null=True),
        ),
    ]
