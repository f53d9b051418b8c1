from django.db import migrations


class Migration(migrations.Migration):
    """The latest public message, or the end of the ticket where that came later."""

    dependencies = [
        ('tickets', '0004_public_at'),
    ]

    operations = [
        migrations.RunSQL(
            """
            update tickets_ticket t set public_at = greatest(t.created_at, t.resolved_at, (
                select m.created_at from tickets_message m
                where m.ticket_id = t.id and m.visibility = 'public' order by m.id desc limit 1))
            """,
            migrations.RunSQL.noop,
        ),
    ]
