"""docs/operations.md shows what the doctor prints: the lines it has by now."""

from __future__ import annotations

import re

from portal.doctor.examination import CHECKS
from reports import tasks
from tests.pretend_aws import ROOT

PAGE = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
LINES = re.findall(r"^(?:OK|WARN|FAIL) (\S+?)(?: [^:]+)?: (.+)$", PAGE, re.M)


def test_each_check_has_a_line_in_the_order_in_which_they_are_asked():
    assert list(dict.fromkeys(check for check, _what in LINES)) == [check.name for check in CHECKS]


def test_every_recurring_task_is_named():
    assert ("recurring", f"all planned: {', '.join(tasks.RECURRING)}.") in LINES
