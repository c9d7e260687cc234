"""Figures for /metrics: what was counted, and how things stood when the worker last looked. No tenant content."""

from __future__ import annotations

from typing import Any

from django.db import models


class Tally(models.Model):
    """How often something happened since the table was made; reports/tallies.py adds, and nobody takes away."""

    name = models.CharField(max_length=60, help_text="Of reports/measures.py, with the ending of a histogram's row.")
    labels: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(help_text="An account by its number.")
    value = models.FloatField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["name", "labels"], name="one_tally_per_name_and_labels"),)

    def __str__(self) -> str:
        return f"{self.name} {self.labels}"


class Figures(models.Model):
    """One row: the state of queue, slots, deliveries and schedules; reports/figures.py writes it."""

    number = models.PositiveSmallIntegerField(primary_key=True, default=1)
    at = models.DateTimeField(help_text="When the worker looked.")
    # [[name, labels, value]] of reports/measures.py, STATE.
    state: models.JSONField[list[Any], list[Any]] = models.JSONField()

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(number=1), name="one_row_of_figures"),)

    def __str__(self) -> str:
        return f"{self.at}"
