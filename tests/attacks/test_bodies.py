"""Forms that name what another company has, or more than they ask for. Every form of every page, as it stands there."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.test_access_walk import OF_COMPANIES, OF_ONESELF

pytestmark = pytest.mark.django_db
PAGES = [*OF_COMPANIES, *OF_ONESELF]
# Random texts of the form itself, by which one that is sent twice is known.
NO_IDS = {"csrfmiddlewaretoken", "form_key"}
# Columns, attributes and words of the product that no member decides about by a form: with each form go those that it does not have.
EXTRA = {
    **{name: "globex" for name in ("tenant_slug", "company", "slug", "session_tags", "tags", "tag-tenant_id", "dry_run_tags")},
    **{name: "globex@globex.example" for name in ("created_by", "actor", "invited_by", "by", "requested_by", "revoked_by")},
    **{name: "2099-01-01T00:00:00Z" for name in ("created_at", "accepted_at", "revoked_at", "held_since", "second_step_by", "deadline_at")},
    **{name: "1" for name in ("is_staff", "is_superuser", "is_active", "allow_attachments", "id", "pk", "account", "lane", "priority")},
    **{name: "99999" for name in ("retention_days", "jobs_per_day", "max_running", "max_waiting", "max_recipients", "weight")},
    **{name: "x" for name in ("token_sha256", "sha256", "secret", "password_hash", "bucket", "prefix", "key", "dashboard_id", "status")},
    "scopes": "proof:read",
    "suspended_because": "x",
    "tag_key": "tenant_id",
    "tag_value": "globex",
}
# Of globex's, by the words a form could use for them.
THEIRS = ("tenant", "tenant_id", "job_id", "report_id", "schedule_id", "user", "user_id", "owner_id", "member_id", "created_by_id")
# Right on one form each, and on no other.
OF_CHANCE = re.compile(r'"duration_ms": \d+|"seconds": [\d.]+|"(sealed_secret|sealed_old_secret|secret_hint)": "[^"]*"')
ON_ANOTHER_FORM = {"role": "owner", "mfa": "optional", "allows_support": "on"}


def test_no_field_takes_what_another_company_has(attacker):
    tried = Counter()
    for form in attacker.forms(PAGES):
        for name in sorted(form.names - NO_IDS):
            for theirs in attacker.ids_like({*form.values.get(name, ()), *form.offered.get(name, ())}):
                attacker.do(form.action, {**form.values, name: theirs}, sent=[form.action, name, theirs])
                tried[name] += 1

    assert len(tried) > 5, f"hardly a form has a field for an id: {dict(tried)}"


def test_no_form_takes_a_field_that_it_does_not_have(attacker):
    """What comes of it is the same as without."""
    ids = attacker.ids()
    theirs = {name: ids.get(name.removesuffix("_id"), ids["person"]) for name in THEIRS}
    kept = 0
    for form in attacker.forms(PAGES):
        more = {name: value for name, value in (EXTRA | ON_ANOTHER_FORM | theirs).items() if name not in form.names}
        plain, expected = attacker.do(form.action, form.values)

        answer, rows = attacker.do(form.action, form.values | more, sent=[form.action, *more.values()])

        assert answer.status_code == plain.status_code, form.action
        assert _told(rows) - _told(expected) == Counter(), form.action
        assert _told(expected) - _told(rows) == Counter(), form.action
        kept += bool(rows)

    assert kept > 10, "hardly a form was taken as it stands there"


def _told(rows: Counter[str]) -> Counter[str]:
    """Without how long a call to a receiver took, and secrets, which are new each time."""
    told: Counter[str] = Counter()
    for row, number in rows.items():
        told[OF_CHANCE.sub("…", row)] += number
    return told


def test_the_look_out_would_see_a_leak(attacker):
    globex = attacker.globex

    assert attacker.marks_in(f"<p>{globex.tenant.name}</p>", ["/t/acme/"]) == [globex.tenant.name]
    assert attacker.ids_in(f'jobs {{"report_id": 1, "retry_of_id": "{globex.job.pk}"}}') == [str(globex.job.pk)]
    assert len(attacker.forms(PAGES)) > 30
