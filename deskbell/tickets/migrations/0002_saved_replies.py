import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('people', '0001_initial'),
        ('tickets', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='SavedReply',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100)),
                ('text', models.TextField()),
                ('then', models.CharField(blank=True, choices=[('', 'Leave the choice as it is'), ('pending', 'Waiting for customer'), ('resolved', 'Resolved')], default='', max_length=10)),
                ('used', models.PositiveIntegerField(default=0)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('owner', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('team', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='people.team')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('owner__isnull', True), ('team__isnull', True), _connector='OR'), name='saved_reply_scope'), models.UniqueConstraint(django.db.models.functions.text.Lower('name'), models.F('owner'), models.F('team'), name='saved_reply_name', nulls_distinct=False)],
            },
        ),
    ]
