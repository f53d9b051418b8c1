from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tickets', '0006_customer_lists'),
    ]

    operations = [
        migrations.AlterField(
            model_name='ticket',
            name='source',
            field=models.CharField(choices=[('web', 'Web'), ('mail', 'E-mail'), ('phone', 'Phone'), ('walk_in', 'Walk-in'), ('api', 'API'), ('webform', 'Web form')], max_length=10),
        ),
    ]
