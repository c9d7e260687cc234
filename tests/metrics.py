"""Reading /metrics as Prometheus does."""

from __future__ import annotations

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

TOKEN = "a-token-of-the-operator-0123456789"


class Figures:
    """What one answer told."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.families = list(text_string_to_metric_families(text))
        self._samples = {
            (sample.name, frozenset(sample.labels.items())): sample.value for family in self.families for sample in family.samples
        }

    @property
    def names(self) -> set[str]:
        return {name for name, _labels in self._samples}

    def of(self, name: str, **labels: str) -> float | None:
        """None: there is no such series."""
        return self._samples.get((name, frozenset(labels.items())))

    def all_of(self, name: str) -> list[dict[str, Any]]:
        """The labels of its series, with `value`."""
        return [dict(labels) | {"value": value} for (found, labels), value in self._samples.items() if found == name]

    def label_values(self) -> set[str]:
        return {value for _name, labels in self._samples for _label, value in labels}


def ask(client, token: str = TOKEN) -> Figures:
    answer = client.get("/metrics", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.content
    return Figures(answer.content.decode())
