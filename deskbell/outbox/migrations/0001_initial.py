import django.db.models.functions.datetime
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='OutboxItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('driver', models.CharField(max_length=30)),
                ('channel_id', models.BigIntegerField(null=True)),
                ('recipient', models.CharField(max_length=320)),
                ('kind', models.CharField(max_length=60)),
                ('cause_kind', models.CharField(max_length=40)),
                ('cause_id', models.BigIntegerField()),
                ('ticket_id', models.BigIntegerField(null=True)),
                ('external_id', models.CharField(blank=True, db_index=True, default='', max_length=300)),
                ('payload', models.BinaryField(null=True)),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('sending', 'Sending'), ('sent', 'Sent'), ('delivered', 'Delivered'), ('read', 'Read'), ('failed', 'Failed'), ('unknown', 'Unknown')], default='queued', max_length=10)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('next_try_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('error_code', models.CharField(blank=True, default='', max_length=40)),
                ('error_text', models.CharField(blank=True, default='', max_length=500)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('changed_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state__in', ['queued', 'sending'])), fields=['next_try_at'], name='outbox_due'), models.Index(condition=models.Q(('ticket_id__isnull', False)), fields=['ticket_id'], name='outbox_ticket')],
                'constraints': [models.UniqueConstraint(fields=('cause_kind', 'cause_id', 'recipient', 'kind'), name='outbox_once_per_cause')],
            },
        ),
    ]
