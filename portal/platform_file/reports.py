"""[[report]]: catalogue entries, checked at QuickSight before they are offered."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from portal.platform_file.accounts import RETIRED_SLOTS
from portal.platform_file.changes import ACTOR
from portal.platform_file.parameters import apply_parameters
from portal.platform_file.reading import Entry
from portal.platform_file.run import Question, Run, Wanted
from reports.catalogue import declare_same_for_everyone, facts_of, report_facts
from reports.models import Account, Format, Report, ReportParameter
from reports.preflight import Preflight

NEEDED = ("name", "account", "dashboard_id", "sheet_id", "formats")
DECLARED = {"same_for_everyone", "same_for_everyone_reason"}
# A reason for the audit trail where the file gives none.
UNSAID = "same_for_everyone in the platform file"
EXPORTS = {Format.CSV, Format.EXCEL}


def apply_report(entry: Entry, run: Run) -> None:
    """In the platform's scope."""
    report = Report.objects.filter(slug=entry.label).select_related("account").prefetch_related("parameters").first()
    if entry.absent:
        if report is not None and report.retired_at is None:
            Report.objects.filter(pk=report.pk).update(retired_at=run.now)
            run.changes.removed("report", report.slug, report, {"name": report.name})
        return
    if not _write(report, entry, run) or entry.is_faulty:
        run.faulty_reports.add(entry.label)


def _write(report: Report | None, entry: Entry, run: Run) -> bool:
    complete = report is not None or entry.needs(*NEEDED)
    account = _account(entry, run) if "account" in entry.values else report.account if report else None
    if not complete or account is None:
        return False
    checked_before = None if report is None or report.retired_at else _checked(report, list(report.parameters.all()))
    values = entry.values | {"account": account}
    if entry.values.get("same_for_everyone") is False:
        # Nothing is: what staff said of single data sets on their pages is taken back too.
        values["open_data_sets"] = []
    effective = report or Report(slug=entry.label)
    _check_whole(effective, values, entry)
    stored = {key: value for key, value in values.items() if key not in DECLARED}
    if report is None:
        report = Report.objects.create(**stored)
        run.changes.added("report", report.slug, report, entry.values)
    else:
        run.changes.update("report", report.slug, report, stored | {"retired_at": None})
    _declare(report, entry, run)
    parameters = apply_parameters(report, entry.children["parameter"], run)
    _preflight(report, parameters, checked_before, entry, run)
    return True


def _declare(report: Report, entry: Entry, run: Run) -> None:
    """Not a value like others: the domain audits it with its reason. Whoever may run `apply` is an operator of the platform."""
    wanted = entry.values.get("same_for_everyone", report.same_for_everyone)
    before = {"same_for_everyone": report.same_for_everyone, "preflight": report.preflight}
    reason = entry.values.get("same_for_everyone_reason", UNSAID)
    if declare_same_for_everyone(report, wanted, ACTOR, reason=reason, now=run.now):
        after = {"same_for_everyone": report.same_for_everyone, "preflight": report.preflight}
        changed = [key for key in before if before[key] != after[key]]
        run.changes.told("report", report.slug, report, {key: before[key] for key in changed}, {key: after[key] for key in changed})


def _checked(report: Report, parameters: list[ReportParameter]) -> Wanted:
    """What a preflight of the report is about: when this stays the same, its result holds."""
    account = report.account
    facts = facts_of(account)
    return facts, report_facts(report, parameters)


def _account(entry: Entry, run: Run) -> Account | None:
    """By name, else by id; an id stands for several accounts when it is used in several regions."""
    told = entry.values["account"]
    named = list(Account.objects.filter(name=told)) or list(Account.objects.filter(aws_account_id=told).exclude(slots=RETIRED_SLOTS))
    if len(named) > 1:
        names = ", ".join(sorted(account.name for account in named))
        entry.fault("account", _("id %(id)s is used in several regions. Say which by its name: %(names)s.") % {"id": told, "names": names})
    elif not named:
        if not run.has_faulty_account:
            entry.fault("account", _("there is no account “%(name)s”.") % {"name": told})
    elif named[0].slots == RETIRED_SLOTS:
        entry.fault("account", _("account “%(name)s” is retired.") % {"name": told})
    else:
        return named[0]
    return None


def _check_whole(report: Report, values: dict[str, Any], entry: Entry) -> None:
    """Rules over several keys, on what the report will be."""

    def will_be(key: str) -> Any:
        return values.get(key, getattr(report, key))

    if EXPORTS & set(will_be("formats")) and not will_be("visual_ids") and "visual_ids" not in entry.bad:
        entry.fault("visual_ids", _("CSV and Excel are made of visuals: name at least one."))
    open_to_all = not any(will_be(key) for key in ("required_tags", "same_for_everyone", "open_data_sets"))
    if open_to_all and not entry.bad & {"required_tags", "same_for_everyone"}:
        entry.fault(
            "required_tags",
            _("must name the session tags that hold rows back. Only a report with same_for_everyone = true goes without."),
        )


def _preflight(report: Report, parameters: list[ReportParameter], checked_before: Wanted | None, entry: Entry, run: Run) -> None:
    """What QuickSight said of exactly this report in this account; asked for when it is not known yet."""
    wanted = _checked(report, parameters)
    changed = wanted != checked_before or report.account_id in run.moved_accounts
    if run.preflights is None:
        if changed:
            _store(report, Preflight(Report.Preflight.NOT_CHECKED), run)
        return
    if not changed and report.preflight == Report.Preflight.PASSED:
        return
    # Two reports may be of the same sheet: what is known of either's rules counts.
    known = run.wanted[wanted].row_rules if wanted in run.wanted else []
    run.wanted[wanted] = Question(report.account, [*known, *report.row_rules])
    result = run.preflights.get(wanted)
    if result is None:
        # Nothing is known of it as it is wanted now; what is stored judges the report that it was.
        _store(report, Preflight(Report.Preflight.NOT_CHECKED), run)
        return
    if result.status == Report.Preflight.REFUSED:
        words = {"detail": result.detail, "remedy": result.remedy}
        entry.fault("", _("QuickSight: %(detail)s What to do: %(remedy)s Then run apply again.") % words)
    _store(report, result, run)


def _store(report: Report, result: Preflight, run: Run) -> None:
    run.changes.update("report", report.slug, report, result.columns(run.now))
