import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.db import migrations, models
from django.contrib.postgres.operations import TrigramExtension, UnaccentExtension


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        TrigramExtension(),
        UnaccentExtension(),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event_id', models.BigIntegerField()),
                ('subscriber', models.CharField(max_length=80)),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('event_id', 'subscriber'), name='delivery_once')],
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('kind', models.CharField(max_length=60)),
                ('actor_kind', models.CharField(max_length=10)),
                ('actor_id', models.BigIntegerField(null=True)),
                ('about_kind', models.CharField(max_length=40)),
                ('about_id', models.BigIntegerField()),
                ('audience', models.CharField(choices=[('public', 'Public'), ('staff', 'Staff')], max_length=10)),
                ('data', models.JSONField(default=dict)),
                ('cause_id', models.BigIntegerField(null=True)),
                ('xact', models.BigIntegerField(db_default=django.db.models.expressions.RawSQL('(pg_current_xact_id()::text::bigint)', ()))),
            ],
            options={
                'indexes': [models.Index(fields=['about_kind', 'about_id', 'id'], name='event_about'), models.Index(fields=['xact', 'id'], name='event_xact')],
            },
        ),
        migrations.CreateModel(
            name='EventDetail',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('values', models.JSONField(default=dict)),
                ('event', models.OneToOneField(on_delete=django.db.models.deletion.DO_NOTHING, related_name='detail', to='events.event')),
            ],
        ),
        migrations.CreateModel(
            name='Once',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scope', models.CharField(max_length=80)),
                ('key', models.CharField(max_length=200)),
                ('digest', models.CharField(max_length=64)),
                ('answer', models.JSONField(null=True)),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), db_index=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('scope', 'key'), name='once_key')],
            },
        ),
        migrations.RunSQL(
            """
            create function events_refuse() returns trigger language plpgsql as $$
            begin
                if tg_op = 'TRUNCATE' and current_setting('deskbell.reset', true) = 'on' then
                    return null;
                end if;
                raise exception 'events are append-only: % on % refused', tg_op, tg_table_name;
            end $$;
            create trigger events_append_only before update or delete on events_event
                for each row execute function events_refuse();
            create trigger events_not_truncated before truncate on events_event
                for each statement execute function events_refuse();
            create trigger event_details_fixed before update on events_eventdetail
                for each row execute function events_refuse();
            """,
            """
            drop trigger event_details_fixed on events_eventdetail;
            drop trigger events_not_truncated on events_event;
            drop trigger events_append_only on events_event;
            drop function events_refuse();
            """,
        ),
    ]
