import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tickets', '0012_held_replies'),
    ]

    operations = [
        migrations.AddField(
            model_name='heldreply',
            name='bcc',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=320), db_default=[], default=list, size=None),
        ),
        migrations.AddField(
            model_name='message',
            name='bcc',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=320), db_default=[], default=list, size=None),
        ),
    ]
