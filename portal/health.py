"""For load balancers and operators: `/healthz`, the process answers; `/readyz`, and what it needs answers too.

Neither shows anything about tenants, and neither waits long: who asks wants to know now.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import django.db
from django.contrib.auth.decorators import login_not_required
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from portal.schema import missing_migrations
from reports import tasks
from reports.models import Heartbeat
from reports.restoring import mode

OK, NO_DATABASE = "ok", "the database does not answer"
HELD = "this database is a backup, and nothing runs: see manage.py restored"
# The engine's queue is given a task each minute; two missed ones are not chance.
HEARTBEAT_LATE = timedelta(minutes=2)
STATEMENT_TIMEOUT = "2s"


@login_not_required
@transaction.non_atomic_requests
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@transaction.non_atomic_requests
def readyz(request: HttpRequest) -> HttpResponse:
    """200, or 503 when a check does not say "ok"."""
    found: dict[str, str] = {}
    for name, check in CHECKS.items():
        # The others ask the database too: each would wait for a connection of its own.
        found[name] = NO_DATABASE if NO_DATABASE in found.values() else _answer(check)
    status = 200 if set(found.values()) == {OK} else 503
    if status == 200 and (told := _answer(_restored)) != OK:
        # Nothing runs, and pages work: balancers go on sending people here, operators read why.
        found["restored"] = told
    return JsonResponse(found, status=status)


def _answer(check: Callable[[], str]) -> str:
    """A transaction of its own for each: what one did to the connection must not decide about the next."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("select set_config('statement_timeout', %s, true)", [STATEMENT_TIMEOUT])
            return check()
    except django.db.Error:
        return NO_DATABASE


def _database() -> str:
    return OK


def _migrations() -> str:
    missing = missing_migrations()
    return f"{len(missing)} not applied: run manage.py migrate" if missing else OK


def _worker() -> str:
    # By the database's clock on both sides: the worker's host may have another time than this one.
    age = Heartbeat.objects.filter(cluster=tasks.ENGINE).values_list(Now() - F("beat_at"), flat=True).first()
    if age is None:
        return "never seen: run manage.py worker"
    return OK if age <= HEARTBEAT_LATE else f"not seen for {age.total_seconds():.0f} s: run manage.py worker"


def _restored() -> str:
    return HELD if mode.state() else OK


CHECKS = {"database": _database, "migrations": _migrations, "worker": _worker}
urlpatterns = [path("healthz", healthz, name="healthz"), path("readyz", readyz, name="readyz")]
