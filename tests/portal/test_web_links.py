"""Links asked for over HTTP, of a web process as it runs in production: many at once, and what its log holds."""

from __future__ import annotations

import http.client
import io
import re
import urllib.parse
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from reports.models import Download, Link
from tenants.scope import tenant_scope
from tests.factories import make_file, make_job, make_link
from tests.portal.views.conftest import BODY, server
from tests.portal.web_process import Web, running_web
from tests.pretend_aws import BUCKET

__all__ = ["server"]
pytestmark = pytest.mark.django_db(transaction=True)


class Visitor:
    """A browser without an account: looks at the page, then presses its button."""

    def __init__(self, web: Web, path: str) -> None:
        self.web, self.path, self.cookies = web, path, ""

    def ask(self, method: str, body: str = "") -> tuple[int, Any, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.web.port, timeout=60)
        headers = {"Cookie": self.cookies, "Content-Type": "application/x-www-form-urlencoded"}
        try:
            connection.request(method, self.path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()

    def look(self) -> str:
        _status, headers, page = self.ask("GET")
        self.cookies = "; ".join(cookie.split(";")[0] for cookie in headers.get_all("Set-Cookie", []))
        return re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page).group(1)

    def press(self, form_token: str) -> tuple[int, str]:
        status, headers, _page = self.ask("POST", urllib.parse.urlencode({"csrfmiddlewaretoken": form_token}))
        return status, headers.get("Location", "")

    def fetch_zip(self, form_token: str) -> bytes:
        """Raises IncompleteRead where the connection is cut."""
        connection = http.client.HTTPConnection("127.0.0.1", self.web.port, timeout=60)
        headers = {"Cookie": self.cookies, "Content-Type": "application/x-www-form-urlencoded"}
        try:
            connection.request("POST", self.path, urllib.parse.urlencode({"csrfmiddlewaretoken": form_token, "act": "all"}), headers)
            return connection.getresponse().read()
        finally:
            connection.close()


@pytest.fixture
def ready(acme, daily_calls, server):
    job = make_job(tenant=acme, report=daily_calls, status="completed")
    file = make_file(job=job, body=BODY, bucket=BUCKET)
    server.client("s3").put_object(Bucket=BUCKET, Key=file.key, Body=BODY)
    return job


def test_row_22_eight_clients_on_a_link_with_three_uses_are_granted_exactly_three(ready, server, database_env, tmp_path):
    link, token = make_link(job=ready, max_uses=3)

    with running_web(database_env | server.environment, tmp_path) as web, ThreadPoolExecutor(8) as clients:
        visitors = [Visitor(web, f"/d/{ready.tenant.code}/{token}") for _ in range(8)]
        forms = list(clients.map(Visitor.look, visitors))
        answers = list(clients.map(Visitor.press, visitors, forms))
        again = [visitor.press(form)[0] for visitor, form in zip(visitors, forms, strict=True)]

    statuses = sorted(status for status, _address in answers)
    assert statuses == [303] * 3 + [404] * 5
    assert again == [404] * 8
    assert all("X-Amz-Expires=60" in address for status, address in answers if status == 303)
    with tenant_scope(ready.tenant):
        assert Link.objects.values_list("uses", flat=True).get() == 3
        assert Download.objects.filter(link=link).count() == 3
    written = web.written.read_text()
    assert token not in written
    assert "X-Amz-Signature" not in written
    assert written.count("[token] 303") == 3


def test_a_zip_comes_whole_or_its_connection_is_cut_and_the_process_goes_on(ready, server, database_env, tmp_path):
    body = b"day;calls\n" * 200_000
    second = make_file(job=ready, format="CSV", body=body, bucket=BUCKET)
    server.client("s3").put_object(Bucket=BUCKET, Key=second.key, Body=body)
    _link, token = make_link(job=ready)

    with running_web(database_env | server.environment, tmp_path) as web:
        visitor = Visitor(web, f"/d/{ready.tenant.code}/{token}")
        form = visitor.look()
        whole = visitor.fetch_zip(form)
        server.client("s3").put_object(Bucket=BUCKET, Key=second.key, Body=body[:1_500_000])
        with pytest.raises(http.client.IncompleteRead) as cut:
            visitor.fetch_zip(form)
        after = visitor.ask("GET")[0]

    with zipfile.ZipFile(io.BytesIO(whole)) as opened:
        assert sorted(opened.read(name) for name in opened.namelist()) == sorted([BODY, body])
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(cut.value.partial))
    assert after == 200
    assert token not in web.written.read_text()
