"""At the very end: one table of all figures, the page, and a failure if a target was missed."""

from __future__ import annotations

import os

import pytest

from tests.bench import page
from tests.bench.figures import keep, shown, table

BUSY = os.getloadavg()[0] > 0.5 * (os.cpu_count() or 1)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if shown:
        page.write(keep(shown))
    if any(figure.is_missed for figure in shown) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if shown:
        terminalreporter.section("figures")
        terminalreporter.write_line("\n".join(table(shown)))
        missed = sum(figure.is_missed for figure in shown)
        if BUSY:
            terminalreporter.write_line(
                "\nThe machine was at work already when this began: seconds and shares of these figures are its doing too."
            )
        terminalreporter.write_line(f"\n{missed} of {len(shown)} MISSED their target." if missed else "\nNo target was missed.")
