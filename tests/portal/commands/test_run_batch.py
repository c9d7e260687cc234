"""`manage.py run_batch`, as somebody types it."""

from __future__ import annotations

import io
import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from portal.management.commands import run_batch
from reports.models import Batch, Delivery, SnapshotJob
from tenants.scope import tenant_scope
from tests.reports.engine.worker import wait_for
from tests.reports.occurrences import steps

pytestmark = pytest.mark.django_db
GOOD = "report,formats,recipients,reference\ndaily-calls,PDF,kim@customer.example,row 1\ndaily-calls,CSV,,row 2\n"


@pytest.fixture
def file(tmp_path):
    def write(text: str):
        path = tmp_path / "batch.csv"
        path.write_text(text)
        return str(path)

    return write


def jobs_of(tenant) -> list[SnapshotJob]:
    with tenant_scope(tenant):
        return list(SnapshotJob.objects.select_related("tenant", "report").order_by("reference"))


def test_a_file_becomes_a_batch(acme, daily_calls, file, capsys):
    call_command("run_batch", file(GOOD), "--tenant=acme", "--reference=month-end")

    with tenant_scope(acme):
        batch, mails = Batch.objects.get(), Delivery.objects.count()
    assert (batch.reference, batch.total, batch.actor, mails) == ("month-end", 2, "run_batch", 1)
    assert [(job.reference, job.formats) for job in jobs_of(acme)] == [("row 1", ["PDF"]), ("row 2", ["CSV"])]
    assert capsys.readouterr().out == f"Jobs: 2, of 1 report(s). Mails: 1, to 1 people. Batch {batch.pk}.\n"


def test_a_dry_run_checks_and_makes_nothing(acme, daily_calls, file, capsys):
    call_command("run_batch", file(GOOD), "--tenant=acme", "--dry-run", "--wait")

    assert jobs_of(acme) == []
    assert capsys.readouterr().out == "Jobs: 2, of 1 report(s). Mails: 1, to 1 people. Dry run: nothing was made.\n"


@pytest.mark.parametrize("option", [[], ["--dry-run"]])
def test_every_bad_line_is_named_and_nothing_is_made(option, acme, daily_calls, file, capsys):
    wrong = "".join(f"daily-calls,DOCX,,row {number}\n" for number in range(150))

    with pytest.raises(CommandError, match=r"150 lines are wrong. Nothing was made."):
        call_command("run_batch", file(GOOD + wrong), "--tenant=acme", *option)

    told = capsys.readouterr().err.splitlines()
    assert told[0] == "Line 4, formats: DOCX is not offered for this report. It comes as PDF, CSV, EXCEL."
    assert (len(told), told[-1].split(",")[0]) == (150, "Line 153")
    assert jobs_of(acme) == []


def test_a_file_that_is_not_there_and_a_company_that_nobody_has_get_a_sentence(acme, file):
    with pytest.raises(CommandError, match=r"nowhere.csv cannot be read: No such file or directory."):
        call_command("run_batch", "nowhere.csv", "--tenant=acme")
    with pytest.raises(CommandError, match=r"There is no tenant “acne”. There are: acme."):
        call_command("run_batch", file(GOOD), "--tenant=acne")


@pytest.mark.django_db(transaction=True)
class TestWait:
    @pytest.fixture
    def waiting(self, acme, daily_calls, file, monkeypatch):
        """The command in a thread of its own, once it has made the two jobs; what it writes, and at the end what it raised."""
        monkeypatch.setattr(run_batch, "LOOK_SECONDS", 0.05)
        out, err, raised = io.StringIO(), io.StringIO(), []

        def run() -> None:
            try:
                call_command("run_batch", path, "--tenant=acme", "--wait", stdout=out, stderr=err)
            except CommandError as error:
                raised.append(str(error))
            finally:
                connection.close()

        path = file(GOOD)
        thread = threading.Thread(target=run)
        thread.start()
        wait_for(lambda: len(jobs_of(acme)) == 2, 20, "a batch of two jobs")
        return thread, out, err, raised

    def test_progress_is_printed_until_all_have_ended(self, acme, waiting):
        thread, out, _err, raised = waiting
        for job in jobs_of(acme):
            steps.complete(job, timezone.now())
        thread.join(20)

        assert (out.getvalue().splitlines()[-1], raised) == ("2 of 2 ended: 2 completed, 0 failed, 0 cancelled.", [])

    def test_it_fails_if_a_job_gave_no_files_and_says_which(self, acme, waiting):
        thread, out, err, raised = waiting
        first, second = jobs_of(acme)
        steps.complete(first, timezone.now())
        steps.fail(second, timezone.now(), "timed_out")
        thread.join(20)

        assert out.getvalue().splitlines()[-1] == "2 of 2 ended: 1 completed, 1 failed, 0 cancelled."
        assert err.getvalue().startswith("row 2: ")
        assert raised == ["1 of 2 jobs gave no files."]
