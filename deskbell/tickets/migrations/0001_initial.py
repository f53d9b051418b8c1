import datetime
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('files', '0001_initial'),
        ('people', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(
            "create sequence tickets_number start 1001", "drop sequence tickets_number"
        ),
        migrations.CreateModel(
            name='TicketType',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(unique=True)),
                ('name', models.CharField(max_length=60)),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('active', models.BooleanField(default=True)),
            ],
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('direction', models.CharField(choices=[('in', 'In'), ('out', 'Out')], max_length=3)),
                ('visibility', models.CharField(choices=[('public', 'Public'), ('internal', 'Internal')], max_length=8)),
                ('channel', models.CharField(max_length=20)),
                ('kind', models.CharField(choices=[('human', 'Human'), ('auto', 'Auto'), ('bounce', 'Bounce'), ('system', 'System')], default='human', max_length=6)),
                ('subject', models.CharField(blank=True, default='', max_length=255)),
                ('markup', models.CharField(choices=[('markdown', 'Markdown'), ('mail', 'Mail'), ('plain', 'Plain')], default='markdown', max_length=8)),
                ('text', models.TextField(blank=True, default='')),
                ('new_text', models.TextField(blank=True, default='')),
                ('html', models.TextField(blank=True, default='')),
                ('remote_images', models.PositiveSmallIntegerField(default=0)),
                ('external_id', models.CharField(blank=True, default='', max_length=300)),
                ('in_reply_to', models.CharField(blank=True, default='', max_length=300)),
                ('to', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=320), default=list, size=None)),
                ('cc', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=320), default=list, size=None)),
                ('inbound_id', models.BigIntegerField(null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('sent_at', models.DateTimeField(null=True)),
                ('edited_at', models.DateTimeField(null=True)),
                ('redacted_at', models.DateTimeField(null=True)),
                ('author', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Attachment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('filename', models.CharField(max_length=255)),
                ('inline', models.BooleanField(default=False)),
                ('content_id', models.CharField(blank=True, default='', max_length=255)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('blob', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='files.blob')),
                ('uploader', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('message', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='attachments', to='tickets.message')),
            ],
        ),
        migrations.CreateModel(
            name='Queue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(unique=True)),
                ('name', models.CharField(max_length=100)),
                ('public', models.BooleanField(default=True)),
                ('address', models.EmailField(blank=True, default='', max_length=254)),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('active', models.BooleanField(default=True)),
                ('team', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='queues', to='people.team')),
            ],
        ),
        migrations.CreateModel(
            name='Status',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(unique=True)),
                ('label', models.CharField(max_length=60)),
                ('category', models.CharField(choices=[('new', 'New'), ('open', 'Open'), ('scheduled', 'Scheduled'), ('pending', 'Waiting for customer'), ('on_hold', 'On hold'), ('resolved', 'Resolved'), ('closed', 'Closed')], max_length=10)),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('default', models.BooleanField(default=False)),
                ('active', models.BooleanField(default=True)),
            ],
            options={
                'verbose_name_plural': 'statuses',
                'constraints': [models.UniqueConstraint(condition=models.Q(('default', True)), fields=('category',), name='status_default_of_category')],
            },
        ),
        migrations.CreateModel(
            name='Tag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=50)),
            ],
            options={
                'constraints': [models.UniqueConstraint(django.db.models.functions.text.Lower('name'), name='tag_name')],
            },
        ),
        migrations.CreateModel(
            name='Ticket',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.BigIntegerField(db_default=django.db.models.expressions.RawSQL("nextval('tickets_number')", ()), unique=True)),
                ('subject', models.CharField(max_length=255)),
                ('category', models.CharField(choices=[('new', 'New'), ('open', 'Open'), ('scheduled', 'Scheduled'), ('pending', 'Waiting for customer'), ('on_hold', 'On hold'), ('resolved', 'Resolved'), ('closed', 'Closed')], max_length=10)),
                ('priority', models.PositiveSmallIntegerField(choices=[(1, 'Low'), (2, 'Normal'), (3, 'High'), (4, 'Urgent')], default=2)),
                ('source', models.CharField(choices=[('web', 'Web'), ('mail', 'E-mail'), ('phone', 'Phone'), ('walk_in', 'Walk-in'), ('api', 'API')], max_length=10)),
                ('channel', models.CharField(default='web', max_length=20)),
                ('custom', models.JSONField(default=dict)),
                ('version', models.PositiveIntegerField(default=1)),
                ('spam', models.BooleanField(default=False)),
                ('trashed_at', models.DateTimeField(null=True)),
                ('due_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('first_responded_at', models.DateTimeField(null=True)),
                ('resolved_at', models.DateTimeField(null=True)),
                ('closed_at', models.DateTimeField(null=True)),
                ('waiting_since', models.DateTimeField(null=True)),
                ('last_message_at', models.DateTimeField(null=True)),
                ('last_message_id', models.BigIntegerField(null=True)),
                ('last_direction', models.CharField(default='in', max_length=3)),
                ('active', models.GeneratedField(db_persist=True, expression=models.ExpressionWrapper(models.Q(('category__in', ('new', 'open', 'scheduled', 'pending', 'on_hold')), ('spam', False), ('trashed_at__isnull', True)), output_field=models.BooleanField()), output_field=models.BooleanField())),
                ('place', models.GeneratedField(db_persist=True, expression=models.Case(models.When(then=models.Value('trash'), trashed_at__isnull=False), models.When(spam=True, then=models.Value('spam')), default=models.F('category'), output_field=models.CharField(max_length=10)), output_field=models.CharField(max_length=10))),
                ('due_order', models.GeneratedField(db_persist=True, expression=django.db.models.functions.comparison.Coalesce('due_at', models.Value(datetime.datetime(9999, 12, 31, 0, 0, tzinfo=datetime.timezone.utc))), output_field=models.DateTimeField())),
                ('assignee', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('last_author', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organization', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='people.organization')),
                ('queue', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tickets.queue')),
                ('requester', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('site', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='people.site')),
                ('status', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tickets.status')),
                ('tags', models.ManyToManyField(related_name='tickets', to='tickets.tag')),
                ('team', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='people.team')),
                ('type', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tickets.tickettype')),
            ],
        ),
        migrations.CreateModel(
            name='ReadMark',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('message_id', models.BigIntegerField()),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('ticket', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tickets.ticket')),
            ],
        ),
        migrations.AddField(
            model_name='message',
            name='ticket',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='tickets.ticket'),
        ),
        migrations.CreateModel(
            name='Draft',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('reply', 'Reply'), ('note', 'Note'), ('ticket', 'Ticket')], max_length=6)),
                ('text', models.TextField(blank=True, default='')),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('ticket', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tickets.ticket')),
            ],
        ),
        migrations.CreateModel(
            name='TicketLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('follow_up', 'Follow Up'), ('related', 'Related')], max_length=10)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('target', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='linked_from', to='tickets.ticket')),
                ('ticket', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='links', to='tickets.ticket')),
            ],
        ),
        migrations.CreateModel(
            name='Watcher',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('follow', 'Follow'), ('cc', 'Cc')], max_length=6)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('ticket', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='watchers', to='tickets.ticket')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddConstraint(
            model_name='queue',
            constraint=models.UniqueConstraint(django.db.models.functions.text.Lower('name'), name='queue_name'),
        ),
        migrations.AddConstraint(
            model_name='queue',
            constraint=models.UniqueConstraint(django.db.models.functions.text.Lower('address'), condition=models.Q(('address', ''), _negated=True), name='queue_address'),
        ),
        migrations.AddConstraint(
            model_name='readmark',
            constraint=models.UniqueConstraint(fields=('user', 'ticket'), name='read_mark_once'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['ticket', 'id'], name='message_ticket'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('external_id', ''), _negated=True), fields=['external_id'], name='message_external_id'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['created_at', 'id'], name='message_created'),
        ),
        migrations.AddConstraint(
            model_name='draft',
            constraint=models.UniqueConstraint(fields=('user', 'ticket', 'kind'), name='draft_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='ticketlink',
            constraint=models.UniqueConstraint(fields=('ticket', 'target', 'kind'), name='ticket_link_once'),
        ),
        migrations.AddConstraint(
            model_name='ticketlink',
            constraint=models.CheckConstraint(condition=models.Q(('ticket', models.F('target')), _negated=True), name='ticket_link_not_self'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.OrderBy(models.F('updated_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('active', True)), name='ticket_active_upd'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.OrderBy(models.F('id'), descending=True), condition=models.Q(('active', True)), name='ticket_active_new'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('due_order'), models.F('id'), condition=models.Q(('active', True)), name='ticket_active_due'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.OrderBy(models.F('priority'), descending=True), models.OrderBy(models.F('updated_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('active', True)), name='ticket_active_pri'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('place'), models.OrderBy(models.F('updated_at'), descending=True), models.OrderBy(models.F('id'), descending=True), name='ticket_place_upd'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('place'), models.OrderBy(models.F('id'), descending=True), name='ticket_place_new'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('place'), models.F('due_order'), models.F('id'), name='ticket_place_due'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('place'), models.OrderBy(models.F('priority'), descending=True), models.OrderBy(models.F('updated_at'), descending=True), models.OrderBy(models.F('id'), descending=True), name='ticket_place_pri'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.OrderBy(models.F('updated_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('active', True), ('assignee__isnull', True)), name='ticket_free_upd'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.OrderBy(models.F('id'), descending=True), condition=models.Q(('active', True), ('assignee__isnull', True)), name='ticket_free_new'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('due_order'), models.F('id'), condition=models.Q(('active', True), ('assignee__isnull', True)), name='ticket_free_due'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.OrderBy(models.F('priority'), descending=True), models.OrderBy(models.F('updated_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('active', True), ('assignee__isnull', True)), name='ticket_free_pri'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('team_id'), models.OrderBy(models.F('updated_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('active', True)), name='ticket_team_active_upd'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('team_id'), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('active', True)), name='ticket_team_active_new'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('team_id'), models.F('due_order'), models.F('id'), condition=models.Q(('active', True)), name='ticket_team_active_due'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('team_id'), models.OrderBy(models.F('priority'), descending=True), models.OrderBy(models.F('updated_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('active', True)), name='ticket_team_active_pri'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('team_id'), models.F('place'), models.OrderBy(models.F('updated_at'), descending=True), models.OrderBy(models.F('id'), descending=True), name='ticket_team_place_upd'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('team_id'), models.F('place'), models.OrderBy(models.F('id'), descending=True), name='ticket_team_place_new'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('team_id'), models.F('place'), models.F('due_order'), models.F('id'), name='ticket_team_place_due'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('team_id'), models.F('place'), models.OrderBy(models.F('priority'), descending=True), models.OrderBy(models.F('updated_at'), descending=True), models.OrderBy(models.F('id'), descending=True), name='ticket_team_place_pri'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('assignee_id'), models.F('place'), models.OrderBy(models.F('updated_at'), descending=True), models.OrderBy(models.F('id'), descending=True), name='ticket_mine_place_upd'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('assignee_id'), models.F('place'), models.OrderBy(models.F('id'), descending=True), name='ticket_mine_place_new'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('assignee_id'), models.F('place'), models.F('due_order'), models.F('id'), name='ticket_mine_place_due'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('assignee_id'), models.F('place'), models.OrderBy(models.F('priority'), descending=True), models.OrderBy(models.F('updated_at'), descending=True), models.OrderBy(models.F('id'), descending=True), name='ticket_mine_place_pri'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.OrderBy(models.F('updated_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('trashed_at__isnull', True)), name='ticket_all'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('waiting_since'), models.F('id'), condition=models.Q(('active', True), ('waiting_since__isnull', False)), name='ticket_waiting'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('team_id'), models.F('waiting_since'), models.F('id'), condition=models.Q(('active', True), ('waiting_since__isnull', False)), name='ticket_team_waiting'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('assignee_id'), models.OrderBy(models.F('updated_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('active', True)), name='ticket_mine'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('requester_id'), models.OrderBy(models.F('updated_at'), descending=True), models.OrderBy(models.F('id'), descending=True), name='ticket_requester'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('requester_id'), models.OrderBy(models.F('updated_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('category__in', ('new', 'open', 'scheduled', 'pending', 'on_hold')), ('trashed_at__isnull', True)), name='ticket_requester_open'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('organization_id'), models.OrderBy(models.F('updated_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('category__in', ('new', 'open', 'scheduled', 'pending', 'on_hold')), ('trashed_at__isnull', True)), name='ticket_organization_open'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('organization_id'), models.OrderBy(models.F('updated_at'), descending=True), models.OrderBy(models.F('id'), descending=True), name='ticket_organization'),
        ),
        migrations.AddConstraint(
            model_name='watcher',
            constraint=models.UniqueConstraint(fields=('ticket', 'user', 'kind'), name='watcher_once'),
        ),
    ]
