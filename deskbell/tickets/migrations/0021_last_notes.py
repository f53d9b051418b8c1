from django.db import migrations, models

NOTES = """
update tickets_ticket t set last_note = m.kind
from tickets_message m where m.id = t.last_message_id and m.visibility = 'internal'
"""


class Migration(migrations.Migration):

    dependencies = [("tickets", "0020_waiting_replies")]

    operations = [
        migrations.AddField("ticket", "last_note", models.CharField(default="", max_length=8)),
        migrations.RunSQL(NOTES, migrations.RunSQL.noop),
    ]
