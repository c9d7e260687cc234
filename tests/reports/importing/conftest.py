from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone

from reports.importing import asking, working
from reports.importing.wanted import Wanted
from reports.models import CatalogueImport
from tenants.models import User
from tenants.scope import platform_scope, staff_scope
from tests.factories import make_account
from tests.pretend_aws import ACCOUNT, REGION, Server
from tests.reports.engine.conftest import aws, server

__all__ = ["aws", "server"]


@pytest.fixture
def account(db: None):
    """The account of the pretend AWS."""
    return make_account(aws_account_id=ACCOUNT, region=REGION, requests_per_second=1000)


class Desk:
    """A member of staff at a draft, with a worker that does at once what is asked."""

    def __init__(self, draft: CatalogueImport, user: User) -> None:
        self.pk, self.user = draft.pk, user

    @property
    def draft(self) -> CatalogueImport:
        with platform_scope():
            return CatalogueImport.objects.select_related("account").get(pk=self.pk)

    @property
    def wanted(self) -> Wanted:
        return Wanted.from_json(self.draft.wanted)

    @property
    def open_faults(self) -> list[str]:
        return [fault["text"] for fault in self.draft.verdict["faults"]]

    def tenant(self, name: str) -> dict[str, Any]:
        return next(tenant for tenant in self.draft.verdict["tenants"] if tenant["name"] == name)

    def data_set(self, pk: str) -> dict[str, Any]:
        return next(data_set for data_set in self.draft.verdict["data_sets"] if data_set["id"] == pk)

    def work(self) -> None:
        working.work(self.pk, self.draft.turn, timezone.now())

    def ask(self, move: Callable[..., Any], *values: Any, user: User | None = None, **options: Any) -> Any:
        """Without the worker."""
        draft, user = self.draft, user or self.user
        with staff_scope(user):
            return move(draft, draft.turn, *values, user, timezone.now(), **options)

    def choose(self, dashboard_id: str) -> None:
        self.ask(asking.choose, dashboard_id)
        self.work()

    def save(
        self, *, open_data_sets: tuple[str, ...] = (), reason: str = "", user: User | None = None, publish: bool = False, **changes: Any
    ):
        choices = asking.Choices(replace(self.wanted, **changes), list(open_data_sets), reason)
        on_its_way = self.ask(asking.save, choices, user=user, publish=publish)
        self.work()
        return on_its_way


@pytest.fixture
def desk(aws: Server, account, ines: User) -> Desk:
    """Ines has begun an import, and the dashboards were listed."""
    with staff_scope(ines):
        draft = asking.begin(account, ines, timezone.now())
    desk = Desk(draft, ines)
    desk.work()
    return desk
