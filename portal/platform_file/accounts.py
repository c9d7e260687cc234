"""[[account]]: QuickSight accounts with their slots and request budget."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _

from portal.platform_file.reading import Entry
from portal.platform_file.run import Run
from reports.models import Account, LaneClock, Pump, Report, RequestBudget, Slot, SnapshotJob

FIELDS = {"id": "aws_account_id"}
# An account with no slots is retired: its row stays for the history of its jobs.
RETIRED_SLOTS = 0
DEFAULT_SLOTS = 5


def apply_account(entry: Entry, run: Run) -> None:
    """In the platform's scope."""
    account = Account.objects.filter(name=entry.label).first()
    if entry.absent:
        if account is not None and account.slots != RETIRED_SLOTS:
            _retire(account, entry, run)
        return
    values = {FIELDS.get(key, key): value for key, value in entry.values.items() if key != "name"}
    if account is None:
        _create(values, entry, run)
        return
    if account.slots == RETIRED_SLOTS:
        values.setdefault("slots", DEFAULT_SLOTS)
    if _may_move(account, values, entry):
        moved = any(
            getattr(account, key) != values.get(key, getattr(account, key))
            for key in ("aws_account_id", "region", "role_arn", "external_id")
        )
        if run.changes.update("account", account.name, account, values):
            fit_slots(account)
        if moved:
            run.moved_accounts.add(account.pk)


def _create(values: dict[str, Any], entry: Entry, run: Run) -> None:
    values = {"region": settings.AWS_REGION, "slots": DEFAULT_SLOTS} | values
    if not entry.needs("id") or _is_taken(values, entry):
        run.has_faulty_account = True
        return
    account = Account.objects.create(name=entry.label, **values)
    RequestBudget.objects.create(account=account, next_request_at=run.now)
    Pump.objects.create(account=account)
    LaneClock.objects.bulk_create(LaneClock(account=account, lane=lane) for lane in SnapshotJob.Lane)
    fit_slots(account)
    run.changes.added("account", account.name, account, values)


def _is_taken(values: dict[str, Any], entry: Entry, account: Account | None = None) -> bool:
    others = Account.objects.exclude(pk=account.pk) if account else Account.objects.all()
    same = others.filter(aws_account_id=values["aws_account_id"], region=values["region"]).first()
    if same is not None:
        entry.fault("id", _("account “%(name)s” already is this id in this region.") % {"name": same.name})
    return same is not None


def _may_move(account: Account, values: dict[str, Any], entry: Entry) -> bool:
    """Another id or region is another account: the reports that were checked in the old one, and its jobs, are not there."""
    place = {key: values.get(key, getattr(account, key)) for key in ("aws_account_id", "region")}
    if all(getattr(account, key) == value for key, value in place.items()):
        return True
    if Report.objects.filter(account=account).exists():
        entry.fault("", _("has reports, so its id and region stay. Add the new one under another name and move the reports."))
        return False
    return not _is_taken(place, entry, account)


def _retire(account: Account, entry: Entry, run: Run) -> None:
    names = list(Report.objects.filter(account=account, retired_at=None).order_by("slug").values_list("slug", flat=True))
    if names:
        entry.fault("absent", _("the account still has reports: %(names)s. Retire or move them first.") % {"names": ", ".join(names)})
        return
    before = {"slots": account.slots}
    Account.objects.filter(pk=account.pk).update(slots=RETIRED_SLOTS)
    account.slots = RETIRED_SLOTS
    fit_slots(account)
    run.changes.removed("account", account.name, account, before)


def fit_slots(account: Account) -> None:
    """Rows 1 to `slots` are enabled, as many above them are spare where the account probes, and rows above those are off.

    A job that holds one which is off now keeps it until it is done.
    """
    last = account.slots * 2 if account.probes else account.slots
    rows = Slot.objects.filter(account=account)
    present = set(rows.values_list("number", flat=True))
    Slot.objects.bulk_create(Slot(account=account, number=number) for number in range(1, last + 1) if number not in present)
    rows.update(enabled=Q(number__lte=last), spare=Q(number__gt=account.slots))
