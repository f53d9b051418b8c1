import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0008_figures")]

    operations = [
        migrations.RemoveConstraint(model_name="readmark", name="read_mark_once"),
        migrations.AddConstraint(
            model_name="readmark",
            constraint=models.UniqueConstraint(
                fields=["user", "ticket"], include=["message_id"], name="read_mark_once"
            ),
        ),
        migrations.AddIndex(
            model_name="watcher",
            index=models.Index(fields=["user", "kind", "ticket"], name="watcher_of_user"),
        ),
        migrations.AlterField(
            model_name="watcher",
            name="user",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
