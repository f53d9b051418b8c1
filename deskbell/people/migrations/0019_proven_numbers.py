from django.db import migrations

#: who came by WhatsApp, with the ids that were noted in the same transaction: nobody had told them of him
PROVE = """
    update people_identity i set proven_at = i.created_at, proven_how = 'came'
    from events_event e
    where i.kind in ('wa_id', 'wa_bsuid', 'wa_lid') and i.proven_at is null
        and e.about_kind = 'user' and e.about_id = i.user_id and e.kind = 'user.added'
        and e.data ->> 'how' = 'whatsapp' and e.at = i.created_at
"""


class Migration(migrations.Migration):

    dependencies = [
        ('people', '0018_whatsapp_codes'),
    ]

    operations = [
        migrations.RunSQL(PROVE, migrations.RunSQL.noop),
    ]
