"""A batch on the list of jobs: its jobs alone, and how far it has come."""

from __future__ import annotations

import pytest

from tenants.scope import tenant_scope
from tests.factories import make_batch, make_job, make_report
from tests.portal.views.test_queries import MOST, asked

pytestmark = pytest.mark.django_db
JOBS = "/t/acme/jobs/"


@pytest.fixture
def batch(acme):
    """One delivered, one failed, one waiting; beside a job that is not of it."""
    report = make_report(name="Daily call volume")
    make_job(tenant=acme, report=make_report(name="Something else"))
    jobs = [make_job(tenant=acme, report=report, status=status, trigger="batch") for status in ("completed", "failed", "queued")]
    return make_batch(tenant=acme, jobs=jobs, reference="month-end")


def test_the_list_shows_its_jobs_alone_and_how_far_it_has_come(as_adam, batch):
    shown = as_adam.get(JOBS, {"batch": str(batch.pk)}).content.decode()

    assert "month-end" in shown
    assert "A batch: 2 of 3 ended, 1 delivered, 1 failed, 0 cancelled." in shown
    table = shown[shown.index("<tbody") :]
    assert (table.count(">Daily call volume</a>"), table.count("Something else")) == (3, 0)


def test_a_search_stays_inside_it(as_adam, batch):
    shown = as_adam.get(JOBS, {"batch": str(batch.pk), "status": "failed"}).content.decode()

    assert shown[shown.index("<tbody") :].count(">Daily call volume</a>") == 1
    assert f'<input type="hidden" name="batch" value="{batch.pk}">' in shown
    assert f"batch={batch.pk}&amp;status=completed" in shown


def test_news_of_the_list_bring_its_counts(as_adam, batch):
    news = as_adam.get(JOBS, {"batch": str(batch.pk)}, headers={"HX-Request": "true"}).content.decode()

    assert "2 of 3 ended" in news


@pytest.mark.parametrize("text", ["", "x", "00000000-0000-4000-8000-000000000000", "\0"])
def test_one_that_is_not_there_has_no_jobs(text, as_adam, batch):
    answer = as_adam.get(JOBS, {"batch": text})

    assert answer.status_code == 200
    assert "No jobs match" in answer.content.decode()


def test_another_companys_batch_has_no_jobs_here(as_adam, globex):
    foreign = make_batch(tenant=globex, jobs=[make_job(tenant=globex, report=make_report(name="Theirs"))], reference="secret")

    shown = as_adam.get(JOBS, {"batch": str(foreign.pk)}).content.decode()

    assert "No jobs match" in shown
    assert "secret" not in shown


def test_a_job_of_it_leads_back_to_it(as_adam, acme, batch):
    with tenant_scope(acme):
        job = batch.jobs.first()

    assert f'<a href="{JOBS}?batch={batch.pk}">In a batch</a>' in as_adam.get(f"{JOBS}{job.pk}/").content.decode()


def test_it_asks_no_more_than_a_page_may(as_adam, batch):
    assert len(asked(as_adam, f"{JOBS}?batch={batch.pk}")) <= MOST
