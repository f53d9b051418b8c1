from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('people', '0012_mail_limits'),
    ]

    operations = [
        migrations.AddField(
            model_name='company',
            name='undo_seconds',
            field=models.PositiveSmallIntegerField(db_default=10, default=10),
        ),
    ]
