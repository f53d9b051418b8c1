from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower, Now

from deskbell.people.models.role import Role, Team


class Directory(models.Model):
    """A directory that checks passwords in place of the desk (LDAP), and how the desk asks it.

    Whoever sets one up can sign in as everybody it lets in: only the owner does.
    """

    #: as the sign-in page calls it
    name = models.CharField(max_length=60)
    #: ldaps://… or ldap://…, one in a line, asked in this order
    urls = models.TextField()
    #: PEM of whom its certificate is from; empty: whom the system trusts
    ca_certificate = models.TextField(blank=True, default="")
    #: the account by which it is searched; empty: without one
    bind_dn = models.CharField(max_length=500, blank=True, default="")
    #: encrypted JSON string
    bind_secret = models.BinaryField(null=True)
    base = models.CharField(max_length=500)
    #: finds a person by what he typed, `{login}` (RFC 4515)
    user_filter = models.CharField(max_length=1000)
    #: what never changes of an entry
    id_attribute = models.CharField(max_length=100, default="entryUUID")
    name_attribute = models.CharField(max_length=100, default="cn")
    mail_attribute = models.CharField(max_length=100, default="mail")
    #: lists the groups of a person in his own entry; empty: none does
    group_attribute = models.CharField(max_length=100, blank=True, default="")
    #: finds the groups of the person whose entry is `{dn}`; empty: none are sought
    group_filter = models.CharField(max_length=1000, blank=True, default="")
    #: where groups are sought; empty: in `base`
    group_base = models.CharField(max_length=500, blank=True, default="")
    #: seconds until it is taken for silent
    patience = models.PositiveSmallIntegerField(default=5)
    active = models.BooleanField(default=False)
    for_staff = models.BooleanField(default=True)
    for_customers = models.BooleanField(default=False)
    #: people it knows and we do not get an account
    makes_accounts = models.BooleanField(default=False)
    #: nobody writes his own address there, so that it says who he is here
    mail_is_proof = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("name"), name="directory_name"),
            models.CheckConstraint(
                condition=models.Q(active=False) | models.Q(mail_is_proof=True),
                name="directory_mail_is_proof",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def gives_roles(self) -> bool:
        return bool(self.group_attribute or self.group_filter)


class DirectoryRole(models.Model):
    """Whoever is in the group `value` has `role`, everywhere or in a team."""

    directory = models.ForeignKey(Directory, models.CASCADE, related_name="roles")
    #: the group's full name (DN), or its short one
    value = models.CharField(max_length=500)
    role = models.ForeignKey(Role, models.CASCADE, related_name="+")
    team = models.ForeignKey(Team, models.CASCADE, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["directory", "value", "role", "team"],
                name="directory_role_once",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"{self.value}: {self.role_id}"

    def is_given_by(self, values: frozenset[str]) -> bool:
        return folded(self.value) in values


class DirectoryLink(models.Model):
    """`user` is whom the directory calls `subject`: his password is checked there."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="directory_links")
    directory = models.ForeignKey(Directory, models.CASCADE, related_name="links")
    subject = models.CharField(max_length=255)
    created_at = models.DateTimeField(db_default=Now())
    last_used_at = models.DateTimeField(null=True)
    #: since when it is not found there any more
    gone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["directory", "subject"], name="directory_link_subject"),
            models.UniqueConstraint(fields=["directory", "user"], name="directory_link_user"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} by {self.directory_id}"


def folded(name: str) -> str:
    """A group's name as it is compared: neither letters nor spaces between the parts of a DN matter."""
    return ",".join(part.strip() for part in name.casefold().split(","))
