"""The installation itself: how far its database has come, and whether it was put back to an earlier time. See reports/restoring/."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class Installation(models.Model):
    """One row. The mark in S3 holds the same `generation`: a database behind its mark does not know what happened since."""

    class Because(models.TextChoices):
        BEHIND = "behind", _("The mark in S3 is ahead of the database")
        UNKNOWN_MAILS = "mails", _("Mails have left that the database knows nothing of")
        DECLARED = "declared", _("Somebody said so")

    number = models.PositiveSmallIntegerField(primary_key=True, default=1)
    key = models.UUIDField(default=uuid.uuid4, editable=False, help_text="Names its mark, so that two installations may share a bucket.")
    generation = models.BigIntegerField(default=0, help_text="Counts marks. Only ever grows.")
    marked_at = models.DateTimeField(null=True, help_text="When the mark was last written. NULL: never.")
    server = models.CharField(max_length=80, blank=True, help_text="The server and database of that moment. Empty: not told.")
    unlogged_since = models.DateTimeField(null=True, help_text="Mail leaves and the send log cannot be written. NULL: it can.")
    restored_at = models.DateTimeField(null=True, help_text="Since when nothing runs, because this is a backup. NULL: it is not.")
    because = models.CharField(max_length=8, choices=Because, blank=True, help_text="Empty: it was not restored.")
    backup_at = models.DateTimeField(null=True, help_text="What came after it this database does not know. NULL: it was not restored.")

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(number=1), name="one_installation"),
            models.CheckConstraint(
                condition=models.Q(restored_at=None, backup_at=None) | models.Q(restored_at__isnull=False, backup_at__isnull=False),
                name="a_restored_one_knows_its_backup",
            ),
        )

    def __str__(self) -> str:
        return f"{self.key}"
