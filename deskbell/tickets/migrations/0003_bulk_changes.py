import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tickets', '0002_saved_replies'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='BulkChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('verb', models.CharField(choices=[('assign', 'Assign'), ('status', 'Status'), ('priority', 'Priority'), ('tag', 'Tag'), ('spam', 'Spam'), ('no_spam', 'No Spam'), ('trash', 'Trash'), ('restore', 'Restore')], max_length=10)),
                ('value', models.JSONField(null=True)),
                ('state', models.CharField(choices=[('running', 'Running'), ('done', 'Done'), ('undoing', 'Undoing'), ('undone', 'Undone')], default='running', max_length=8)),
                ('event_id', models.BigIntegerField()),
                ('undo_event_id', models.BigIntegerField(null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), db_index=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='BulkItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('changed', 'Changed'), ('same', 'Same'), ('refused', 'Refused'), ('undone', 'Undone'), ('kept', 'Kept')], default='waiting', max_length=8)),
                ('reason', models.CharField(blank=True, choices=[('', 'None'), ('not_allowed', 'Not Allowed'), ('bad_move', 'Bad Move'), ('not_staff', 'Not Staff'), ('changed_since', 'Changed Since'), ('failed', 'Failed')], default='', max_length=14)),
                ('before', models.JSONField(default=dict)),
                ('version', models.PositiveIntegerField(null=True)),
                ('flags', models.CharField(blank=True, default='', max_length=10)),
                ('bulk', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='tickets.bulkchange')),
                ('ticket', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tickets.ticket')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('bulk', 'ticket'), name='bulk_item_once')],
            },
        ),
    ]
