from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('people', '0017_anonymised'),
    ]

    operations = [
        migrations.AddField(
            model_name='identity',
            name='proven_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='identity',
            name='proven_how',
            field=models.CharField(blank=True, choices=[('came', 'Came'), ('sign', 'Sign'), ('code', 'Code')], db_default='', default='', max_length=10),
        ),
        migrations.AddField(
            model_name='company',
            name='whatsapp_codes',
            field=models.BooleanField(db_default=True, default=True),
        ),
    ]
