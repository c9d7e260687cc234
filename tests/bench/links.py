"""What a click on a link costs the server, with 100,000 deliveries and their links there. Run by `make bench`.

In one process through all of Django's middleware, the database beside it. Asking S3 whether the file is there is measured apart: it is
the pretend AWS that answers. The database of the tests writes nothing through to the disk; a real one's commit costs its disk's time.
"""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from reports import files
from reports.models import SnapshotFile
from tenants import roles
from tenants.models import Tenant
from tenants.scope import tenant_scope
from tests import factories
from tests.bench.figures import seconds, show
from tests.portal.views.conftest import BODY, aws, server
from tests.pretend_aws import BUCKET, Server

__all__ = ["aws", "server"]
pytestmark = pytest.mark.django_db(transaction=True)
MANY, CLICKS = 100_000, 300
A_STATEMENT = 5_000
ROWS = """
with delivery as (
  insert into reports_delivery (id, tenant_id, job_id, channel, address, name, language, status, tries, failure_code, answer, audience_name,
         is_copy, maybe_twice, sent_at, ended_at, created_at)
  select gen_random_uuid(), %(tenant)s, %(job)s, 'email', 'r' || n || '@customer.example', '', 'en', 'sent', 1, '', '', '', false, false,
         now(), now(), now()
    from generate_series(%(first)s, %(last)s) n
  returning id, tenant_id, job_id, address
), link as (
  insert into reports_link (id, tenant_id, job_id, delivery_id, reference, token_sha256, expires_at, max_uses, uses, email, language,
         protection, passcode, wrong_codes, created_by, created_at)
  select gen_random_uuid(), tenant_id, job_id, id, 'B-' || substr(id::text, 1, 13), sha256(id::text::bytea), now() + interval '30 days',
         50, 0, address, 'en', '', '', 0, 'bench', now()
    from delivery
  returning id, tenant_id, reference
)
insert into reports_download (id, tenant_id, file_id, link_id, actor, at, user_agent)
select gen_random_uuid(), tenant_id, %(file)s, id, reference, now() - interval '1 day', '' from link
"""


@pytest.fixture
def busy(aws: Server) -> tuple[Tenant, SnapshotFile]:
    """A tenant with so many deliveries, each with its link and a download."""
    tenant = factories.make_tenant()
    job = factories.make_job(tenant=tenant, status="completed")
    file = factories.make_file(job=job, body=BODY, bucket=BUCKET)
    aws.client("s3").put_object(Bucket=BUCKET, Key=file.key, Body=BODY)
    for first in range(1, MANY, A_STATEMENT):
        with tenant_scope(tenant), connection.cursor() as cursor:
            ids = {"tenant": tenant.pk, "job": job.pk, "file": file.pk}
            cursor.execute(ROWS, ids | {"first": first, "last": first + A_STATEMENT - 1})
    return tenant, file


def test_a_click(busy, login):
    tenant, file = busy
    owner = login(roles.OWNER)
    for table in ("reports_delivery", "reports_link", "reports_download"):
        owner.execute(f"analyze {table}")
    paths = [f"/d/{tenant.code}/{factories.make_link(job=file.job)[1]}" for _ in range(CLICKS)]
    browser, at = Client(), iter(f"10.{n // 250}.{n % 250}.1" for n in range(3 * CLICKS))
    click(browser, paths[0], next(at))

    looks = [seconds(lambda path=path: browser.get(path)) for path in paths]
    asks = [seconds(lambda: files_is_there(file)) for _ in paths]
    clicks = [seconds(lambda path=path, ip=ip: click(browser, path, ip)) for path, ip in zip(paths[1:], at, strict=False)]

    with_s3 = sorted(clicks)
    without = sorted(click - ask for click, ask in zip(with_s3, sorted(asks), strict=False))
    show(f"a visit of a link's page, {MANY:,} deliveries", looks, 0.050)
    show("S3 is asked whether the file is there (pretend AWS)", asks, 0.050)
    show("a click until its answer, S3 included", with_s3, 0.025)
    show("a click until its answer, without S3", without, 0.015)
    _explain(browser, f"/d/{tenant.code}/{factories.make_link(job=file.job)[1]}", tenant)


def click(browser: Client, path: str, ip: str) -> None:
    """As browsers send the form."""
    assert browser.post(path, "", content_type="application/x-www-form-urlencoded", REMOTE_ADDR=ip).status_code == 303


def files_is_there(file: SnapshotFile) -> None:
    assert files.is_there(file)


def _explain(browser: Client, path: str, tenant: Tenant) -> None:
    """No statement of a click reads a table from its beginning."""
    with CaptureQueriesContext(connection) as queries:
        assert browser.post(path, REMOTE_ADDR="10.99.0.1").status_code == 303
    ours = [query["sql"] for query in queries if re.match(r'(SELECT|UPDATE) .*"reports_(link|snapshotfile)"', query["sql"])]
    print(f"\nA click sends {len(queries)} statements. Those about links:")
    with tenant_scope(tenant), connection.cursor() as cursor:
        for sql in ours:
            cursor.execute("explain " + sql)
            plan = "\n".join(line for (line,) in cursor.fetchall())
            print(plan + "\n")
            assert "Seq Scan on reports_link" not in plan
            assert "Seq Scan on reports_download" not in plan
