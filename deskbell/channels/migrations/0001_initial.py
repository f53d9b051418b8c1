import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('tickets', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Channel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('kind', models.CharField(choices=[('email', 'Email')], max_length=20)),
                ('name', models.CharField(max_length=100)),
                ('address', models.CharField(max_length=320)),
                ('state', models.CharField(choices=[('ok', 'Ok'), ('off', 'Off'), ('down', 'Down')], default='ok', max_length=12)),
                ('plus_addresses', models.BooleanField(default=False)),
                ('secrets', models.BinaryField(null=True)),
                ('last_in_at', models.DateTimeField(null=True)),
                ('last_out_at', models.DateTimeField(null=True)),
                ('last_error', models.CharField(blank=True, default='', max_length=500)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('queue', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='tickets.queue')),
            ],
        ),
        migrations.CreateModel(
            name='InboundItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('external_id', models.CharField(max_length=600, null=True)),
                ('digest', models.CharField(blank=True, db_default='', max_length=64)),
                ('raw', models.BinaryField()),
                ('envelope_from', models.TextField(blank=True)),
                ('envelope_to', models.TextField(blank=True)),
                ('state', models.CharField(choices=[('received', 'Received'), ('ticketed', 'Ticketed'), ('added', 'Added'), ('annotated', 'Annotated'), ('quarantined', 'Quarantined'), ('blocked', 'Blocked'), ('duplicate', 'Duplicate')], db_default='received', max_length=12)),
                ('reason', models.CharField(blank=True, db_default='', max_length=40)),
                ('reason_text', models.CharField(blank=True, db_default='', max_length=500)),
                ('ticket_id', models.BigIntegerField(null=True)),
                ('message_id', models.BigIntegerField(null=True)),
                ('duplicate_of', models.BigIntegerField(null=True)),
                ('answerable', models.BooleanField(db_default=True)),
                ('attempts', models.PositiveIntegerField(db_default=0)),
                ('received_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('decided_at', models.DateTimeField(null=True)),
                ('channel', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='channels.channel')),
            ],
        ),
        migrations.AddConstraint(
            model_name='channel',
            constraint=models.UniqueConstraint(fields=('kind', 'address'), name='channel_address'),
        ),
        migrations.AddIndex(
            model_name='inbounditem',
            index=models.Index(fields=['state', 'received_at'], name='inbound_state'),
        ),
        migrations.AddIndex(
            model_name='inbounditem',
            index=models.Index(condition=models.Q(('state', 'received')), fields=['received_at'], name='inbound_waiting'),
        ),
        migrations.AddConstraint(
            model_name='inbounditem',
            constraint=models.UniqueConstraint(condition=models.Q(('external_id__isnull', False)), fields=('channel', 'external_id'), name='inbound_once'),
        ),
    ]
