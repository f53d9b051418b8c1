"""Why two people cannot be merged, or parted again, in words for who tried."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

#: by NotMergeable.reason
NOT_MERGEABLE = {
    "same": gettext_lazy("This is the same person."),
    "merged": gettext_lazy("One of the two was merged into somebody else meanwhile."),
    "anonymised": gettext_lazy("One of the two was anonymised: nobody can tell any more who it was."),
    "closed": gettext_lazy("An account of the two is closed. Open it again first."),
    "staff": gettext_lazy(
        "People who work here are never merged: the address or number of a customer would become a way into "
        "an account of staff. Take the roles back first, if the person does not work here any more."
    ),
    "invited": gettext_lazy(
        "One of the two is invited to work here. Withdraw the invitation first: people who work here are "
        "never merged with customers."
    ),
    "not_merged": gettext_lazy("This person is not merged any more."),
    "target_merged": gettext_lazy(
        "The person who remained was merged into somebody else since: undo that first."
    ),
    "target_anonymised": gettext_lazy("The person who remained was anonymised. That cannot be undone."),
    "later": gettext_lazy("Somebody else was merged into the same person later: undo that first."),
}
TOO_LATE = gettext_lazy("A merge of people can be undone for 30 days. What was moved is not kept for longer.")
