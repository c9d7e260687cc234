"""docs/runbook.md: a section for whatever calls somebody, and blocks that run as they stand there."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from reports import tasks
from reports.models import Heartbeat
from reports.overdue.looking import CODES
from tests.pretend_aws import ROOT
from tests.reports.engine.worker import running_worker, wait_for

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
RULES = ROOT / "deploy" / "prometheus" / "alerts.yml"
HEADINGS = re.findall(r"^#+ (.+)$", RUNBOOK, re.M)
BLOCKS = [block for block in re.findall(r"^```\n(.*?)^```", RUNBOOK, re.M | re.S)]


def codes() -> set[str]:
    """The first argument of each call of `alert`: a text, or a name that its module gives one. What is overdue has a list of its codes."""
    found = set(CODES)
    for path in [*(ROOT / "reports").rglob("*.py"), *(ROOT / "portal").rglob("*.py")]:
        if path.parent.name != "overdue" and "alert(" in (text := path.read_text(encoding="utf-8")):
            module = ast.parse(text)
            named = {}
            for part in module.body:
                if isinstance(part, ast.Assign):
                    named |= _named(part)
            calls = [part for part in ast.walk(module) if isinstance(part, ast.Call) and getattr(part.func, "id", "") == "alert"]
            for call in calls:
                code = call.args[0]
                value = code.value if isinstance(code, ast.Constant) else named.get(getattr(code, "id", ""))
                assert value, f"{path}: line {call.lineno} raises an alarm whose code cannot be read here"
                found.add(value)
    return found


def _named(part: ast.Assign) -> dict[str, object]:
    """`A = "a"`, and `A, B = "a", "b"`."""
    (target,) = part.targets
    targets = target.elts if isinstance(target, ast.Tuple) else [target]
    values = part.value.elts if isinstance(part.value, ast.Tuple) else [part.value]
    return {getattr(name, "id", ""): value.value for name, value in zip(targets, values, strict=False) if isinstance(value, ast.Constant)}


def test_each_alarm_has_a_section():
    assert {"report_paused", "job_given_up", "erasure_not_ended"} <= codes()
    assert sorted(codes() - set(HEADINGS)) == []


def test_each_alert_of_prometheus_leads_to_a_section():
    rules = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    anchors = {heading.lower().replace(" ", "-") for heading in HEADINGS}

    assert rules
    assert [rule["alert"] for rule in rules if rule["annotations"]["runbook_url"].partition("docs/runbook.md#")[2] not in anchors] == []


@pytest.fixture
def shell(environment, web, account, acme, daily_calls, tmp_path) -> Iterator[dict[str, str]]:
    """A whole portal at work, and the environment of a shell beside it in which `manage.py` is a command."""
    command = tmp_path / "bin" / "manage.py"
    command.parent.mkdir()
    # The doctor does not like an address without HTTPS, which is all that there is here.
    command.write_text(f'#!/bin/sh\nexport PORTAL_BASE_URL=https://portal.example; cd "{ROOT}" && exec "{sys.executable}" manage.py "$@"\n')
    command.chmod(0o755)
    with running_worker(environment, tmp_path / "worker"):
        wait_for(lambda: Heartbeat.objects.count() == len(tasks.CLUSTERS), 40, "sign of life of both queues")
        path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
        yield os.environ | environment | {"PATH": path, "PORTAL_STATE_DIR": str(tmp_path / "shell")}


@pytest.mark.django_db(transaction=True)
def test_its_commands_run_as_they_stand_there(shell, tmp_path: Path):
    assert len(BLOCKS) > 5
    for number, block in enumerate(dict.fromkeys(BLOCKS)):
        script = tmp_path / f"{number}.sh"
        script.write_text("set -eu\n" + block)
        ran = subprocess.run(["sh", script], env=shell, capture_output=True, text=True, timeout=300, check=False)

        assert ran.returncode == 0, f"{block}\n{ran.stdout}\n{ran.stderr}"
