from django.db import migrations, models


class Migration(migrations.Migration):
    """Customers' lists run in the order of what they can see."""

    dependencies = [
        ('tickets', '0005_fill_public_at'),
    ]

    operations = [
        migrations.RemoveIndex(model_name='ticket', name='ticket_requester_open'),
        migrations.RemoveIndex(model_name='ticket', name='ticket_organization_open'),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('requester_id'), models.OrderBy(models.F('public_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('category__in', ('new', 'open', 'scheduled', 'pending', 'on_hold')), ('trashed_at__isnull', True)), name='ticket_requester_open'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('requester_id'), models.OrderBy(models.F('public_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('category__in', ('resolved', 'closed')), ('trashed_at__isnull', True)), name='ticket_requester_ended'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('organization_id'), models.OrderBy(models.F('public_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('category__in', ('new', 'open', 'scheduled', 'pending', 'on_hold')), ('trashed_at__isnull', True)), name='ticket_organization_open'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('organization_id'), models.OrderBy(models.F('public_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('category__in', ('resolved', 'closed')), ('trashed_at__isnull', True)), name='ticket_organization_ended'),
        ),
    ]
