"""deploy/prometheus and deploy/grafana ask for figures that /metrics tells, by labels that they have."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from django.conf import settings

from reports import measures

ROOT = Path(settings.BASE_DIR)
PROMETHEUS, DASHBOARD = ROOT / "deploy" / "prometheus", ROOT / "deploy" / "grafana" / "fanfold.json"
RULES = [rule for group in yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"] for rule in group["rules"]]
PANELS = json.loads(DASHBOARD.read_text())["panels"]
LABELS = {name: {*measure.labels, "instance", "job", "le"} for measure in measures.ALL for name in measure.exposed}
# What Prometheus adds by itself.
LABELS["up"] = {"instance", "job"}
SELECTED = re.compile(r"\b(up|fanfold_\w+)(?:\{([^}]*)\})?")
BY = re.compile(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)")


def expressions() -> dict[str, str]:
    asked = {rule["alert"]: rule["expr"] for rule in RULES}
    return asked | {
        f"{panel['title']} {target['refId']}": target["expr"] for panel in PANELS if panel["type"] != "row" for target in panel["targets"]
    }


ALL = expressions()


@pytest.mark.parametrize("name", ALL)
def test_each_expression_asks_for_what_there_is(name):
    selected = SELECTED.findall(ALL[name])

    assert selected
    for series, conditions in selected:
        assert series in LABELS, f"/metrics has no {series}"
        named = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", conditions))
        assert named <= LABELS[series], f"{series} has no {named - LABELS[series]}"
    grouped = {label.strip() for labels in BY.findall(ALL[name]) for label in labels.split(",")}
    assert grouped <= set.union(*(LABELS[series] for series, _conditions in selected))


@pytest.mark.parametrize("name", ALL)
def test_what_every_web_server_tells_alike_is_never_added_up_over_them(name):
    """Only how long pages take is of the server that tells it. A sum of the others would grow with the number of servers."""
    for added, labels in _sums(ALL[name]):
        alike = [series for series, _ in SELECTED.findall(added) if series != "up" and not series.startswith(measures.PAGES.family)]
        assert not alike or "instance" in labels or added.startswith("max by"), added


def _sums(expression: str) -> list[tuple[str, str]]:
    """What stands in each sum, and by which labels it is added."""
    found = []
    for match in re.finditer(r"\bsum(?:\s+by\s*\(([^)]*)\))?\s*\(", expression):
        depth, end = 1, match.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(expression[end], 0)
            end += 1
        found.append((expression[match.end() : end - 1], match.group(1) or ""))
    return found


def test_every_measure_is_on_the_dashboard():
    shown = {series for name, expr in ALL.items() if name not in {rule["alert"] for rule in RULES} for series, _c in SELECTED.findall(expr)}

    assert [measure.name for measure in measures.ALL if not shown & set(measure.exposed)] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_each_alert_says_what_where_and_what_to_do(rule):
    dashed = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", rule["alert"]).lower()

    assert rule["labels"]["severity"] in ("warning", "critical")
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert rule["annotations"]["runbook_url"] == f"docs/runbook.md#{dashed}"


def test_each_alert_is_tried():
    scenes = yaml.safe_load((PROMETHEUS / "alerts_test.yml").read_text())["tests"]
    fired = {alert for scene in scenes for alert in re.findall(r'alertname="(\w+)"', str(scene))}

    assert fired == {rule["alert"] for rule in RULES}


def test_the_dashboard_leaves_the_data_source_and_the_account_open():
    board = json.loads(DASHBOARD.read_text())

    assert [variable["name"] for variable in board["templating"]["list"]] == ["datasource", "account"]
    assert {panel["datasource"]["uid"] for panel in PANELS if panel["type"] != "row"} == {"${datasource}"}
    assert [panel["title"] for panel in PANELS if panel["type"] == "row"] == [
        "Is it alive?",
        "Queue and slots",
        "QuickSight",
        "Deliveries and lateness",
        "Pages",
    ]
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    assert all(panel["fieldConfig"]["defaults"]["unit"] for panel in PANELS if panel["type"] != "row")


@pytest.mark.parametrize(
    "command",
    [("check", "rules", "alerts.yml"), ("test", "rules", "alerts_test.yml"), ("check", "config", "--syntax-only", "prometheus.yml")],
    ids=" ".join,
)
def test_prometheus_own_tool_agrees(command):
    promtool = shutil.which("promtool")
    if not promtool:
        pytest.skip("promtool is not installed; on Debian it comes with the package prometheus")

    done = subprocess.run([promtool, *command], cwd=PROMETHEUS, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_operators_pages_say_what_each_measure_means_as_the_code_does():
    rows = re.findall(r"^\| `(fanfold_\w+)` \| (.*?) \| (.*?) \|$", (ROOT / "docs" / "operations.md").read_text(), re.M)
    told = {name.removesuffix("_total"): (tuple(re.findall(r"\w+", labels)), meaning) for name, labels, meaning in rows}

    assert told == {measure.family: (measure.labels, measure.meaning) for measure in measures.ALL}
