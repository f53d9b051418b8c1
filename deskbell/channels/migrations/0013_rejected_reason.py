from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("channels", "0012_opening_hours")]

    operations = [
        migrations.AddField(
            model_name="messagetemplate",
            name="rejected_reason",
            field=models.CharField(blank=True, db_default="", max_length=100),
        )
    ]
