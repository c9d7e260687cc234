"""Bad input: a sentence with the path of the key, all at once, nothing applied."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command


def put(table, path, value):
    """`report.0.formats` in the tables of the platform."""
    *parents, last = path.split(".")
    for name in parents:
        table = table[int(name) if name.isdigit() else name]
    table[last] = value


REPORT, TENANT, ACCOUNT = 'report[1] "daily-calls"', 'tenant[1] "acme"', 'account[1] "main"'
SCHEDULE = f'{TENANT}: schedule "weekday-morning"'
AUDIENCE = f'{SCHEDULE}: audience "North desk"'
VALUES = [
    ("account.0.id", "1234", f"{ACCOUNT}: id: must be the 12 digits"),
    ("account.0.id", 111122223333, f"{ACCOUNT}: id: must be text"),
    ("account.0.region", "moon", f"{ACCOUNT}: region: must be an AWS region"),
    ("account.0.slots", 0, f"{ACCOUNT}: slots: must be a whole number from 1 to 1000"),
    ("account.0.slots", 1001, f"{ACCOUNT}: slots: must be"),
    ("account.0.slots", True, f"{ACCOUNT}: slots: must be"),
    ("account.0.requests_per_second", 0, f"{ACCOUNT}: requests_per_second: must be a number above 0"),
    ("account.0.role_arn", "portal", f"{ACCOUNT}: role_arn: must be the ARN"),
    ("report.0.account", "second", f"{REPORT}: account: there is no account “second”."),
    ("report.0.name", "", f"{REPORT}: name: must not be blank."),
    ("report.0.name", "Daily\ncalls", f"{REPORT}: name: has a control character."),
    ("report.0.formats", ["PDF", "XLS"], f"{REPORT}: formats[2]: must be one of PDF, CSV, EXCEL."),
    ("report.0.formats", ["PDF", "PDF"], f"{REPORT}: formats[2]: stands in the list twice."),
    ("report.0.formats", [], f"{REPORT}: formats: must have 1 to"),
    ("report.0.visual_ids", [], f"{REPORT}: visual_ids: CSV and Excel are made of visuals"),
    ("report.0.visual_ids", list("abcdef"), f"{REPORT}: visual_ids: must have 0 to 5 entries."),
    ("report.0.required_tags", [], f"{REPORT}: required_tags: must name the session tags"),
    ("report.0.same_for_everyone", "no", f"{REPORT}: same_for_everyone: must be true or false."),
    ("report.0.parameter.0.type", "text", f'{REPORT}: parameter "Region": type: must be one of string, integer'),
    ("report.0.parameter.0.default", ["West"], f'{REPORT}: parameter "Region": default: must be one of North, South.'),
    ("report.0.parameter.0.choices", ["North", 7], f'{REPORT}: parameter "Region": choices: must be text.'),
    ("report.0.parameter.1.default", [1, 2], f'{REPORT}: parameter "MinSeconds": default: takes one value.'),
    ("report.0.parameter.1.default", "none", f'{REPORT}: parameter "MinSeconds": default: must be a whole number.'),
    ("tenant.0.timezone", "Europe/Nowhere", f"{TENANT}: timezone: must be a time zone"),
    ("tenant.0.session_tags", {"tenant_id": ""}, f"{TENANT}: session_tags: Session tag “tenant_id” is blank."),
    ("tenant.0.session_tags", {"tenant_id": 7}, f"{TENANT}: session_tags.tenant_id: must be text"),
    ("tenant.0.session_tags", {"tenant_id": "x" * 257}, f"{TENANT}: session_tags: Session tag “tenant_id” is longer"),
    ("tenant.0.session_tags", {}, f"{TENANT}: session_tags: report “daily-calls”: There are no session tags. Session tag “tenant_id”"),
    ("tenant.0.bucket", "Acme", f"{TENANT}: bucket: must be the name of an S3 bucket."),
    ("tenant.0.weight", 0, f"{TENANT}: weight: must be a number above 0"),
    ("tenant.0.mfa", "never", f"{TENANT}: mfa: must be one of required, grace, optional."),
    ("tenant.0.links", {"days": 0}, f"{TENANT}: links.days: must be a whole number"),
    ("tenant.0.links", {"hours": 1}, f"{TENANT}: links.hours: is not a key here. Known: days, max_uses."),
    ("tenant.0.reports", ["daily-calls", "weekly"], f"{TENANT}: reports[2]: there is no report “weekly”."),
    ("tenant.0.grant.0.parameters", {"Region": ["West"]}, f'{TENANT}: grant "daily-calls": parameters.Region: must be one of'),
    ("tenant.0.grant.0.parameters", {"Area": 1}, f'{TENANT}: grant "daily-calls": parameters.Area: is not a parameter'),
    ("tenant.0.member.0.role", "king", f'{TENANT}: member "owner@acme.example": role: must be one of owner, admin, viewer.'),
    ("tenant.0.member.0.email", "owner", f'{TENANT}: member "owner": email: is not an e-mail address.'),
    ("tenant.0.api_key.0.scopes", ["jobs:delete"], f'{TENANT}: api_key "integration": scopes[1]: must be one of'),
    ("tenant.0.api_key.0.secret_env", "not a name", f'{TENANT}: api_key "integration": secret_env: must be the name of'),
    ("tenant.0.schedule.0.cron", "61 * * * *", f"{SCHEDULE}: cron: is not a cron expression (bad minute)."),
    ("tenant.0.schedule.0.cron", "0 0 30 2 *", f"{SCHEDULE}: cron: is not a cron expression (bad day-of-month)."),
    ("tenant.0.schedule.0.timezone", "CET-1", f"{SCHEDULE}: timezone: must be a time zone"),
    ("tenant.0.schedule.0.report", "weekly", f"{SCHEDULE}: report: report “weekly” is not offered to this tenant."),
    ("tenant.0.schedule.0.missed", "never", f"{SCHEDULE}: missed: must be one of skip, latest, all."),
    (
        "tenant.0.schedule.0.parameters",
        {"MinSeconds": {"relative": "today"}},
        f"{SCHEDULE}: parameters.MinSeconds: MinSeconds: a number takes",
    ),
    ("tenant.0.schedule.0.parameters", {"Region": {"relative": "soon"}}, f"{SCHEDULE}: parameters.Region: relative must be one of today,"),
    ("tenant.0.schedule.0.starts_on", "28.11.2026", f"{SCHEDULE}: starts_on: must be a day such as 2026-11-28."),
    ("tenant.0.schedule.0.ready_by", "9 am", f"{SCHEDULE}: ready_by: must be a time of day in hours and minutes, such as 09:00."),
    ("tenant.0.schedule.0.ready_by", "09:00:30", f"{SCHEDULE}: ready_by: must be a time of day"),
    ("tenant.0.schedule.0.cc", ["ops@acme.example", "x"], f"{SCHEDULE}: cc[2]: This is no email address."),
    ("tenant.0.schedule.0.owner", "olga@acme.example", f"{SCHEDULE}: owner: is not a member of this tenant."),
    ("tenant.0.schedule.0.links", {"day": 3}, f"{SCHEDULE}: links.day: is not a key here."),
    ("tenant.0.schedule.0.links", {"protection": "magic"}, f"{SCHEDULE}: links.protection: must be one of"),
    ("tenant.0.schedule.0.links", {"protection": "passcode"}, f"{SCHEDULE}: links.protection: set the passcode on the schedule's page"),
    ("tenant.0.schedule.0.audience.0.groups", ["Nobody"], f"{AUDIENCE}: groups[1]: there is no group “Nobody”."),
    ("tenant.0.language", "fr", f"{TENANT}: language: must be one of en, de."),
    ("tenant.0.reply_to", "desk", f"{TENANT}: reply_to: is not an e-mail address."),
    ("tenant.0.brand_color", "blue", f"{TENANT}: brand_color: must be a colour such as #0f5f8c."),
    (
        "tenant.0.brand_color",
        "#ffcc00",
        f"{TENANT}: brand_color: white text on it cannot be read: its contrast is 1.5, and 4.5 are",
    ),
    ("tenant.0.recipient_domains", ["@acme.example"], f"{TENANT}: recipient_domains[1]: must be a domain such as customer.example"),
    ("tenant.0.schedule.0.subject", "a\r\nBcc: b", f"{SCHEDULE}: subject: has a control character."),
    (
        "tenant.0.schedule.0.message",
        "For {report.account}",
        SCHEDULE + ": message: {report.account} is not known here. "
        "You can use {report}, {schedule}, {tenant}, {recipient}, {date}, {time}, {period}.",
    ),
    ("tenant.0.schedule.0.parameters", {"Region": "South"}, f"{SCHEDULE}: parameters.Region: Region is fixed"),
    ("tenant.0.schedule.0.parameters", {"Area": 1}, f"{SCHEDULE}: parameters.Area: Area is not a parameter"),
    ("tenant.0.schedule.0.recipient.0.email", "ops", f'{SCHEDULE}: recipient "ops": email: This is no email address.'),
    ("tenant.0.schedule.0.audience.0.session_tags", {"tenant_id": "b"}, f"{AUDIENCE}: session_tags.tenant_id: This key is the company"),
    ("tenant.0.schedule.0.audience.0.session_tags", {"desk": " "}, f"{AUDIENCE}: session_tags: Session tag “desk” is blank."),
    ("tenant.0.schedule.0.audience.0.recipients", ["a@b.example", "b"], f"{AUDIENCE}: recipients[2]: This is no email address."),
    ("tenant.0.schedule.0.audience.0.recipients", [], f"{AUDIENCE}: recipients: name at least one address here, or a group in `groups`."),
    ("staff.0.email", "ops", 'staff[1] "ops": email: is not an e-mail address.'),
]


@pytest.mark.parametrize(("path", "value", "sentence"), VALUES, ids=[f"{path}={str(value)[:20]!r}" for path, value, _ in VALUES])
def test_a_bad_value_is_refused_with_its_key(platform, path, value, sentence):
    put(platform.tables, path, value)

    assert platform.fault().startswith(sentence)


UNKNOWN = ["", "account.0", "report.0", "report.0.parameter.0", "staff.0", "tenant.0", "tenant.0.grant.0", "tenant.0.member.0",
           "tenant.0.api_key.0", "tenant.0.group.0", "tenant.0.schedule.0",
           "tenant.0.schedule.0.recipient.0", "tenant.0.schedule.0.audience.0"]  # fmt: skip


@pytest.mark.parametrize("path", UNKNOWN)
def test_an_unknown_key_is_refused_in_every_table(platform, path):
    put(platform.tables, f"{path}.colour".strip("."), "blue")

    assert "colour: is not a key here." in platform.fault()


def test_a_misspelt_key_is_told_with_the_right_one(platform):
    platform.tenant["time_zone"] = "Europe/Berlin"

    assert platform.fault() == 'tenant[1] "acme": time_zone: is not a key here. Did you mean timezone?'


MISSING = [("account.0", "id"), ("report.0", "name"), ("report.0", "sheet_id"), ("report.0.parameter.0", "type"), ("tenant.0", "name"),
           ("tenant.0", "slug"), ("tenant.0.member.0", "role"), ("tenant.0.api_key.0", "scopes"), ("tenant.0.group.0", "recipients"),
           ("tenant.0.schedule.0", "cron")]  # fmt: skip


@pytest.mark.parametrize(("path", "key"), MISSING)
def test_what_a_new_object_needs_is_told_when_missing(platform, path, key):
    table = platform.tables
    for name in path.split("."):
        table = table[int(name) if name.isdigit() else name]
    del table[key]

    assert platform.fault().endswith(f"{key}: is missing, and there is no default for it.")


def test_many_faults_are_told_in_one_go(platform):
    for path, value in [("account.0.slots", 0), ("tenant.0.timezone", "x"), ("tenant.0.schedule.0.cron", "x"), ("report.0.accounts", 1)]:
        put(platform.tables, path, value)
    platform.tenant["reports"].append("weekly")

    assert len(platform.faults()) == 5


def test_a_faulty_report_is_not_told_again_by_those_who_use_it(platform):
    platform.report["account"] = "second"

    assert platform.fault().startswith('report[1] "daily-calls": account')


def test_the_same_object_twice_is_refused(platform):
    platform.tables["tenant"].append({"slug": "acme", "name": "Acme again"})

    assert platform.fault() == 'tenant[2] "acme": stands in the file twice.'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[tenant]]\nslug = acme\n", "is not TOML: .*line 2"),
        ('[[tenant]]\nslug = "a"\nslug = "b"\n', "is not TOML: .*line 3"),
        (b'[[tenant]]\nslug = "\xff"\n', "is not UTF-8 text: see line 2"),
        ("[tenant]\nslug = 'acme'\n", r"tenant: must be written as \[\[…\]\]"),
        ("tenant = 7\n", r"tenant: must be written as \[\[…\]\]"),
        ("tenant = [7]\n", r"tenant: must be written as \[\[…\]\]"),
        ('[[tenant]]\n"slug\\n\\u001b[2J" = 1\n', "is not a key here"),
    ],
)
def test_a_file_that_cannot_be_read_as_a_platform_is_refused(platform, text, sentence):
    with pytest.raises(CommandError, match=sentence) as refused:
        platform.apply(text=text)
    assert "\x1b" not in str(refused.value)


def test_a_missing_file_is_refused_by_name(db, tmp_path):
    with pytest.raises(CommandError, match=r"none\.toml cannot be read: No such file"):
        call_command("apply", str(tmp_path / "none.toml"))


def test_windows_line_ends_are_read(platform):
    assert platform.apply(text="[[account]]\r\nid = '111122223333'\r\n") == "+ account 111122223333\nApplied: 1 change(s).\n"


def test_a_tenant_needs_a_bucket_when_the_portal_has_none(platform, settings):
    del platform.tenant["bucket"]
    settings.PORTAL_BUCKET = ""

    assert platform.fault() == (
        'tenant[1] "acme": bucket: is needed while PORTAL_BUCKET is not set: set that variable, or give the tenant a bucket of its own.'
    )


@pytest.mark.parametrize("name", ["STAFF_PASSWORD", "ACME_OWNER_PASSWORD", "ACME_API_KEY"])
@pytest.mark.parametrize("value", [None, ""])
def test_a_variable_that_is_not_set_is_refused_by_name(platform, monkeypatch, name, value):
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)

    assert f"the environment variable {name} is not set" in platform.fault()


def test_a_weak_password_is_refused_without_being_repeated(platform, monkeypatch):
    monkeypatch.setenv("STAFF_PASSWORD", "hunter2")

    fault = platform.fault()

    assert "password_env: This password is too short" in fault
    assert "hunter2" not in fault
