import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Document',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=10)),
                ('object_id', models.BigIntegerField()),
                ('ticket_id', models.BigIntegerField(null=True)),
                ('audience', models.CharField(choices=[('public', 'Public'), ('staff', 'Staff')], max_length=6)),
                ('language', models.CharField(blank=True, default='', max_length=12)),
                ('tsv', django.contrib.postgres.search.SearchVectorField()),
            ],
            options={
                'indexes': [django.contrib.postgres.indexes.GinIndex(fields=['tsv'], name='document_words'), models.Index(fields=['ticket_id'], name='document_ticket')],
                'constraints': [models.UniqueConstraint(fields=('kind', 'object_id'), name='document_once')],
            },
        ),
    ]
