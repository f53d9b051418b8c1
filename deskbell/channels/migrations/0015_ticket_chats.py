import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("channels", "0014_delivered_messages"),
        ("tickets", "0020_waiting_replies"),
    ]

    operations = [
        migrations.CreateModel(
            name="TicketChat",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("conversation", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tickets.conversation")),
                ("ticket", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tickets.ticket")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("conversation", "ticket"), name="ticket_chat_once")],
            },
        ),
    ]
