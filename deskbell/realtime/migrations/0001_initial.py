from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Presence",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("ticket_id", models.BigIntegerField()),
                ("user_id", models.BigIntegerField()),
                ("seen_at", models.DateTimeField()),
                ("writing_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("ticket_id", "user_id"), name="presence_once")
                ],
            },
        ),
        migrations.RunSQL(
            "alter table realtime_presence set unlogged", "alter table realtime_presence set logged"
        ),
    ]
