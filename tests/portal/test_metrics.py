"""/metrics: who may read it, and that it is told whole, by one process and by several."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from portal import page_times
from reports import figures, measures, tallies, tasks
from reports.models import Figures
from tenants.scope import engine_scope
from tests import factories
from tests.metrics import TOKEN, ask
from tests.metrics import Figures as Told
from tests.portal.web_process import running_web
from tests.reports.engine.worker import wait_for

LOGIN = {"route": "account_login", "method": "GET", "status": "2xx"}


@pytest.fixture
def token(settings) -> None:
    settings.METRICS_TOKEN = TOKEN


class TestWhoMayRead:
    pytestmark = pytest.mark.django_db

    def test_without_a_token_set_there_is_no_such_address(self, client, settings):
        settings.METRICS_TOKEN = ""

        assert client.get("/metrics", headers={"authorization": "Bearer "}).status_code == 404
        assert client.get("/metrics").status_code == 404

    @pytest.mark.parametrize("given", ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer \xff"])
    def test_a_wrong_token_gets_no_figure(self, client, token, given):
        answer = client.get("/metrics", headers={"authorization": given})

        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
        assert b"fanfold_" not in answer.content

    def test_the_token_gets_them_as_prometheus_reads_them(self, client, token, django_assert_max_num_queries):
        with django_assert_max_num_queries(8):
            answer = client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})

        assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert answer["Cache-Control"] == "no-store"
        assert Told(answer.content.decode()).of("fanfold_database_up") == 1

    def test_it_changes_nothing(self, client, token):
        assert client.post("/metrics", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 405


@pytest.mark.django_db(transaction=True)
def test_without_a_database_it_says_so_and_tells_of_pages(client, token):
    client.get("/healthz")
    with pytest.MonkeyPatch.context() as patch:
        connection.close()
        for name, value in {"HOST": "127.0.0.1", "PORT": "1"}.items():
            patch.setitem(connection.settings_dict, name, value)
        told = ask(client)
        connection.close()

    assert told.of("fanfold_database_up") == 0
    assert told.of("fanfold_page_seconds_count", route="healthz", method="GET", status="2xx") >= 1
    assert "fanfold_figures_age_seconds" not in told.names


@pytest.mark.django_db
class TestState:
    def test_before_a_worker_ran_there_is_none_and_no_age(self, client, token):
        told = ask(client)

        assert told.of("fanfold_database_up") == 1
        assert told.all_of("fanfold_figures_age_seconds") == told.all_of("fanfold_queue_jobs") == []

    def test_figures_of_a_dead_worker_have_their_age_and_signs_of_life_grow_old_with_them(self, client, token):
        factories.make_account(name="main")
        tasks.beat(tasks.ENGINE)
        figures.write(tasks.CLUSTERS, list(tasks.STANDS))
        with engine_scope():
            Figures.objects.update(at=timezone.now() - timedelta(hours=1))

        told = ask(client)

        assert told.of("fanfold_figures_age_seconds") == pytest.approx(3600, abs=60)
        assert told.of("fanfold_heartbeat_age_seconds", cluster="portal") == pytest.approx(3600, abs=60)
        assert told.of("fanfold_slots_limit", account="main") == 5

    def test_what_a_newer_release_looked_up_is_left_out(self, client, token):
        figures.write(tasks.CLUSTERS, list(tasks.STANDS))
        with engine_scope():
            Figures.objects.update(state=[["fanfold_of_tomorrow", {}, 1.0], ["fanfold_restored_mode", {}, 1.0]])

        told = ask(client)

        assert "fanfold_of_tomorrow" not in told.names
        assert told.of("fanfold_restored_mode") == 1


@pytest.mark.django_db(transaction=True)
class TestCounted:
    @pytest.fixture(autouse=True)
    def nothing_counted(self):
        tallies.forget()
        yield
        tallies.forget()

    def test_accounts_are_told_by_their_name(self, client, token):
        account = factories.make_account(name="main")
        tallies.count(measures.ATTEMPTS, account=account.pk, outcome="completed")
        tallies.count(measures.ATTEMPTS, account=987654, outcome="completed")
        tallies.flush()

        told = ask(client)

        assert told.of("fanfold_attempts_ended_total", account="main", outcome="completed") == 1
        assert told.of("fanfold_attempts_ended_total", account="987654", outcome="completed") == 1

    def test_a_histogram_is_told_as_prometheus_has_it(self, client, token):
        for seconds in (30, 100, 10**6):
            tallies.observe(measures.LATE, seconds, status="delivered")
        tallies.flush()

        told = ask(client)

        buckets = {row["le"]: row["value"] for row in told.all_of("fanfold_occurrence_lateness_seconds_bucket")}
        assert [buckets[le] for le in ("60.0", "120.0", "86400.0", "+Inf")] == [1, 2, 2, 3]
        assert told.of("fanfold_occurrence_lateness_seconds_count", status="delivered") == 3
        assert told.of("fanfold_occurrence_lateness_seconds_sum", status="delivered") == 1_000_130

    def test_what_a_web_process_counts_is_written_after_its_answer(self, client, token, acme, adam, monkeypatch):
        job = factories.make_job(tenant=acme)
        client.force_login(adam)
        monkeypatch.setattr(tallies, "_flush_at", 0.0)

        assert client.post(f"/t/acme/jobs/{job.pk}/cancel/").status_code == 303

        assert ask(client).of("fanfold_jobs_ended_total", account="main", status="cancelled", cause="") == 1


@pytest.mark.django_db
class TestPages:
    def counted(self, client, **labels: str) -> float:
        return ask(client).of("fanfold_page_seconds_count", **labels) or 0

    def test_a_page_counts_by_its_routes_name_and_never_by_its_address(self, client, token, acme, adam):
        before = self.counted(client, route="home", method="GET", status="2xx")
        client.force_login(adam)

        client.get("/t/acme/")
        client.get("/d/ABCD2345/a-token-nobody-may-see")
        client.get("/nowhere/acme")

        told = ask(client)
        assert self.counted(client, route="home", method="GET", status="2xx") == before + 1
        assert told.of("fanfold_page_seconds_count", route="download", method="GET", status="4xx") >= 1
        assert told.of("fanfold_page_seconds_count", route="none", method="GET", status="4xx") >= 1
        for secret in ("acme", "ABCD2345", "a-token-nobody-may-see"):
            assert secret not in told.text

    def test_made_up_methods_make_no_series(self, client, token):
        for method in ("BREW", "WHEN"):
            client.generic(method, "/healthz")

        told = ask(client)

        assert told.of("fanfold_page_seconds_count", route="healthz", method="OTHER", status="2xx") >= 2
        assert not told.label_values() & {"BREW", "WHEN"}

    def test_an_answer_that_waited_for_news_on_purpose_is_no_slow_page(self, client, token, acme):
        job, (_key, secret) = factories.make_job(tenant=acme), factories.make_api_key(tenant=acme)
        labels = {"route": "v1_jobs_job", "method": "GET", "status": "2xx"}
        before = self.counted(client, **labels)

        for query in ("", "?wait=0"):
            assert client.get(f"/api/v1/jobs/{job.pk}/{query}", headers={"authorization": f"Bearer {secret}"}).status_code == 200

        assert self.counted(client, **labels) == before + 1

    def test_the_numbers_of_processes_that_ended_are_given_anew(self):
        assert page_times.free_number([]) == 0
        assert page_times.free_number([0, 1, 3]) == 2


def test_every_series_is_a_declared_one_with_declared_labels(db, client, token):
    factories.make_account()
    figures.write(tasks.CLUSTERS, list(tasks.STANDS))

    told = ask(client)

    declared = {measure.family: measure for measure in measures.ALL}
    assert {family.name for family in told.families} == set(declared)
    for family in told.families:
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == set(declared[family.name].labels)


@pytest.mark.django_db(transaction=True)
class TestAWebServer:
    """Real gunicorn with two processes."""

    def logins(self, web) -> float:
        _status, _headers, body = web.get("/metrics", authorization=f"Bearer {TOKEN}")
        return Told(body.decode()).of("fanfold_page_seconds_count", **LOGIN) or 0

    def files(self, web) -> list[str]:
        """Once each of both processes has answered something: which one takes a request is left to chance."""

        def both() -> list[str]:
            web.get("/accounts/logout/")
            found = sorted(path.name for path in web.pages.glob("*.db"))
            return found if len(found) > 1 else []

        wait_for(both, 20, "answer of each process")
        return sorted(path.name for path in web.pages.glob("*.db"))

    def test_tells_what_all_its_processes_counted_whichever_is_asked(self, database_env, tmp_path):
        environment = database_env | {"METRICS_TOKEN": TOKEN}
        with running_web(environment, tmp_path, workers=2) as web:
            for _ in range(30):
                assert web.get("/accounts/login/")[0] == 200
            told = {self.logins(web) for _ in range(20)}
            files = self.files(web)
            _status, _headers, body = web.get("/metrics", authorization=f"Bearer {TOKEN}")

        assert told == {30}
        # With the web login, and no other.
        assert Told(body.decode()).of("fanfold_database_up") == 1
        assert files == ["histogram_0.db", "histogram_1.db"]

    def test_loses_nothing_when_a_process_is_killed_and_keeps_no_file_for_it(self, database_env, tmp_path):
        with running_web(database_env | {"METRICS_TOKEN": TOKEN}, tmp_path, workers=2) as web:
            for _ in range(10):
                web.get("/accounts/login/")
            self.files(web)
            for process in web.children():
                process.kill()
            wait_for(lambda: len(web.children()) == 2, 20, "two new processes")
            for _ in range(10):
                web.get("/accounts/login/")
            told, files = self.logins(web), len(self.files(web))

        assert (told, files) == (20, 2)
        assert not web.pages.exists()


def test_the_folder_of_a_server_is_its_own(tmp_path, monkeypatch):
    monkeypatch.setitem(os.environ, page_times.FOLDER, "")
    first, second = (page_times.make_folder(str(tmp_path)) for _ in range(2))

    assert first != second
    assert os.environ[page_times.FOLDER] == str(second)
    assert first.stat().st_mode & 0o077 == 0
