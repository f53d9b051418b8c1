from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class MailText(models.Model):
    """The company's own words of one kind of mail in one language, in place of Deskbell's (texts.py)."""

    #: key of texts.MAILS
    mail = models.CharField(max_length=40)
    language = models.CharField(max_length=20)
    #: one line; variables in double braces
    subject = models.CharField(max_length=200)
    #: Markdown; variables in double braces
    text = models.TextField()
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mail", "language"], name="mail_text_once")]

    def __str__(self) -> str:
        return f"{self.mail} ({self.language})"
