from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0005_listed_as")]

    operations = [
        migrations.AddField(
            model_name="role",
            name="needs_second_factor",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
