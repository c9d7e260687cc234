"""The proof of a file: what it says, and that not one byte of its export can be changed unnoticed."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as settings_
from django.core.management import CommandError, call_command
from django.utils import timezone

from reports import proof
from reports.models import SnapshotFile
from tenants import signing
from tenants.scope import tenant_scope
from tests import factories
from tests.reports.engine import steps
from tests.reports.engine.conftest import account, aws, new_clients, server
from tests.reports.engine.conftest import daily_calls as engine_calls

__all__ = ["account", "aws", "engine_calls", "new_clients", "server"]
RULES = [
    {"dataset": "calls", "name": "Calls", "enabled": True, "rules": [{"key": "tenant_id", "delimiter": ",", "match_all": "*"}]},
    {"dataset": "rates", "name": "Rates", "enabled": False, "rules": [], "open": True},
]
OLD, NEW = (base64.b64encode(bytes([number]) * 32).decode() for number in (3, 4))
# As it tells customers who have no Fanfold: nothing but Python and the library `cryptography`.
BY_HAND = re.search(r"```python\n(.*?)```", (Path(settings_.BASE_DIR) / "docs" / "proof.md").read_text(), re.DOTALL)[1]


@pytest.fixture
def file(acme, daily_calls) -> SnapshotFile:
    job = factories.make_job(tenant=acme, report=daily_calls, status="completed", attempt_count=1, parameters={"Region": ["North"]})
    attempt = factories.make_attempt(job=job, ended_at=timezone.now(), row_rules=RULES, dashboard_version=14, rules_read_at=job.created_at)
    made = factories.make_file(job=job, attempt=attempt)
    factories.make_link(job=job, email="gm@acme-customers.example")
    factories.make_delivery(job=job, address="gm@acme-customers.example")
    return made


def gathered(file: SnapshotFile) -> proof.Proof:
    with tenant_scope(file.tenant_id):
        rows = SnapshotFile.objects.select_related("job__report", "job__tenant", "attempt")
        return proof.gather(rows.get(pk=file.pk))


def exported(file: SnapshotFile) -> bytes:
    with tenant_scope(file.tenant_id):
        rows = SnapshotFile.objects.select_related("job__report", "job__tenant", "attempt")
        return proof.export(proof.gather(rows.get(pk=file.pk)), timezone.now())


@pytest.mark.django_db
def test_it_tells_tags_parameters_version_rules_hash_and_who_got_it(file, acme):
    with tenant_scope(acme):
        told = proof.as_json(gathered_inside(file), timezone.now())

    assert told["verdict"] == "held"
    assert told["session_tags"] == {"tenant_id": "acme"}
    assert told["parameters"] == [{"name": "Region", "type": "string", "values": ["North"]}]
    assert told["run"]["dashboard_version"] == 14
    assert [(one["id"], one["tag_keys"], one["matched"]) for one in told["data_sets"]] == [
        ("calls", ["tenant_id"], ["acme"]),
        ("rates", [], []),
    ]
    assert told["file"]["sha256"] == bytes(file.sha256).hex()
    assert [one["to"] for one in told["deliveries"]] == ["gm@acme-customers.example"]
    assert [one["for"] for one in told["links"]] == ["gm@acme-customers.example"]


def gathered_inside(file: SnapshotFile) -> proof.Proof:
    return proof.gather(SnapshotFile.objects.select_related("job__report", "job__tenant", "attempt").get(pk=file.pk))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rules", "verdict"),
    [
        (None, "not_recorded"),
        ([], "not_recorded"),
        ([RULES[1]], "same_for_everyone"),
        ([RULES[0] | {"enabled": False}], "not_held"),
        ([RULES[0] | {"rules": []}], "not_held"),
        ([RULES[0] | {"rules": [{"key": "region", "delimiter": "", "match_all": ""}]}], "not_held"),
    ],
)
def test_its_verdict_names_what_did_not_hold(file, acme, rules, verdict):
    with tenant_scope(acme):
        attempt = gathered_inside(file).attempt
        attempt.row_rules = rules
        attempt.save()

    assert gathered(file).verdict == verdict


@pytest.mark.django_db
def test_it_holds_no_bucket_key_or_token_of_ours(file):
    text = exported(file).decode()

    assert file.key not in text
    assert file.bucket not in text


@pytest.mark.django_db
def test_every_changed_byte_is_noticed(file):
    signed, keys = exported(file), signing.public_keys()

    assert json.loads(signing.verify(signed, keys))["file"]["id"] == str(file.pk)
    for at in range(len(signed)):
        for other in (signed[at] ^ 1, 0x20, 0x41):
            if other != signed[at]:
                with pytest.raises(signing.NotSigned):
                    signing.verify(signed[:at] + bytes([other]) + signed[at + 1 :], keys)


@pytest.mark.django_db
@pytest.mark.parametrize("change", [lambda text: text + b"\n", lambda text: text[:-1], lambda text: b" " + text, lambda text: text + text])
def test_what_was_added_or_cut_off_is_noticed(file, change):
    with pytest.raises(signing.NotSigned):
        signing.verify(change(exported(file)), signing.public_keys())


def by_hand(folder: Path, signed: bytes) -> subprocess.CompletedProcess[str]:
    (folder / "proof.txt").write_bytes(signed)
    (folder / "proof-keys.json").write_text(json.dumps({"ed25519": signing.public_keys()}))
    return subprocess.run([sys.executable, "-I", "-c", BY_HAND], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.django_db
def test_a_customer_checks_it_without_us(file, tmp_path):
    signed = exported(file)

    answers = [by_hand(tmp_path, text) for text in (signed, signed.replace(b'"acme"', b'"acmf"', 1))]

    assert (answers[0].returncode, answers[0].stdout.strip()) == (0, bytes(file.sha256).hex())
    assert answers[1].returncode == 1
    assert "InvalidSignature" in answers[1].stderr


@pytest.mark.django_db
def test_a_customer_notices_a_change_of_the_signature_too(file, tmp_path):
    signed = exported(file)
    other_end = bytes([signed[-2] ^ 1])
    changed = [signed + b"\n", signed[:-1], signed[:-1] + b" \n", signed[:-2] + b"!" + signed[-2:], signed[:-2] + other_end + b"\n"]
    spelled = ((b"-v1 ", b"-v1  "), (b"\nfanfold-s", b"\n\nfanfold-s"), (b"fanfold-s", b"Fanfold-s"))
    changed += [signed.replace(old, new) for old, new in spelled]

    assert [by_hand(tmp_path, text).returncode for text in changed] == [1] * len(changed)


@pytest.mark.django_db
def test_it_says_how_many_of_its_lists_it_leaves_out(file, monkeypatch):
    monkeypatch.setattr(proof, "MOST_LISTED", 1)
    factories.make_delivery(job=file.job, address="two@acme-customers.example")

    told = json.loads(signing.verify(exported(file), signing.public_keys()))

    assert len(told["deliveries"]) == 1
    assert told["not_listed"] == {"deliveries": 1, "links": 0, "downloads": 0}


@pytest.mark.django_db(transaction=True)
def test_a_report_declared_the_same_for_everyone_is_said_to_be_that(aws, account, acme):
    declared = factories.make_report(
        slug="daily-calls", account=account, same_for_everyone=True, required_tags=[], preflight="not_checked", row_rules=[]
    )
    factories.make_grant(tenant=acme, report=declared)
    aws.control.set_rules("calls", [])
    job = steps.submit(acme)

    steps.run_until_ended(account, job)

    (file,) = steps.files_of(job)
    assert gathered(file).verdict == "same_for_everyone"


@pytest.mark.django_db
def test_an_old_proof_stays_good_when_the_key_changes(file, settings, tmp_path, capsys):
    settings.PORTAL_PROOF_KEYS = [OLD]
    (tmp_path / "proof.txt").write_bytes(exported(file))

    settings.PORTAL_PROOF_KEYS = [NEW, OLD]
    call_command("verify_proof", str(tmp_path / "proof.txt"))
    newest = next(iter(signing.public_keys()))
    settings.PORTAL_PROOF_KEYS = [NEW]

    assert capsys.readouterr().out.startswith("GOOD. ")
    assert f" {newest} ".encode() not in (tmp_path / "proof.txt").read_bytes()
    with pytest.raises(CommandError, match="NOT GOOD"):
        call_command("verify_proof", str(tmp_path / "proof.txt"))


@pytest.mark.django_db(transaction=True)
def test_an_attempt_freezes_the_rules_by_which_its_rows_are_chosen(aws, account, acme, engine_calls):
    job = steps.submit(acme)

    steps.run_until_ended(account, job)

    (file,) = steps.files_of(job)
    found = gathered(file)
    assert found.verdict == "held"
    assert found.attempt.dashboard_version is not None
    assert [data_set.matched for data_set in found.data_sets if data_set.keys] == [("acme",)]
