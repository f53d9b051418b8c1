from django.db import migrations

#: who came by WhatsApp, with the ids that were noted in the same transaction: nobody had told them of him
PROVE = """
    update people_identity i set proven_at = i.created_at, proven_how = 'came'
    from events_event made, events_event noted, events_eventdetail detail
    where i.kind in ('wa_id', 'wa_bsuid', 'wa_lid') and i.proven_at is null
        and made.about_kind = 'user' and made.about_id = i.user_id and made.kind = 'user.added'
        and made.data ->> 'how' = 'whatsapp'
        and noted.about_kind = 'user' and noted.about_id = i.user_id and noted.kind = 'user.identity_added'
        and noted.xact = made.xact and noted.data ->> 'identity_kind' = i.kind
        and detail.event_id = noted.id and detail.values ->> 'given' = i.given
"""


class Migration(migrations.Migration):

    dependencies = [
        ('people', '0018_whatsapp_codes'),
    ]

    operations = [
        migrations.RunSQL(PROVE, migrations.RunSQL.noop),
    ]
