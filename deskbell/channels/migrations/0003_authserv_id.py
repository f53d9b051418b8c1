from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('channels', '0003_mail_servers'),
    ]

    operations = [
        migrations.AddField(
            model_name='channel',
            name='authserv_id',
            field=models.CharField(blank=True, db_default='', default='', max_length=255),
        ),
    ]
