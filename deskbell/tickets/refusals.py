"""Why tickets cannot be merged, or messages not moved, in words for who tried."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

#: by NotMergeable.reason
NOT_MERGEABLE = {
    "same": gettext_lazy("This is the same ticket."),
    "merged": gettext_lazy("It was merged into another ticket meanwhile."),
    "removed": gettext_lazy("A ticket in the trash or marked as spam is not merged. Take it out first."),
    "held": gettext_lazy("A reply to this ticket has not left yet. Wait, or take it back, then merge."),
    "customer": gettext_lazy("The tickets are of two customers: say that each may read the other's words."),
    "not_merged": gettext_lazy("This ticket is not merged any more."),
    "target_merged": gettext_lazy("The other ticket was merged itself since: undo that first."),
}
#: by NotMovable.reason
NOT_MOVABLE = {
    "none": gettext_lazy("Choose at least one message."),
    "gone": gettext_lazy("A message you chose does not stand here any more. Choose again."),
    "all": gettext_lazy("One message has to stay. To take all of them along, merge the tickets."),
    "same": gettext_lazy("This is the same ticket."),
    "customer": gettext_lazy("That ticket is another customer's. Messages stay with whom they are of."),
    "merged": gettext_lazy("It was merged into another ticket meanwhile."),
    "removed": gettext_lazy("That ticket is in the trash or marked as spam."),
}
