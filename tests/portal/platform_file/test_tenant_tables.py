"""[[tenant]] with its tags, grants, members and keys."""

from __future__ import annotations

import pytest
from django.utils import timezone

from reports.mails.letters import letter_of_notice
from reports.models import Grant, Notice, Schedule
from tenants import keys
from tenants.audit import Actor
from tenants.models import ApiKey, ApiKeyIndex, Invitation, Membership, SessionTag, Tenant, TenantCode, TenantLogo, User
from tenants.scope import platform_scope, tenant_scope
from tenants.secrets import secret_hash
from tests import factories
from tests.portal.platform_file.file import KEY, OWNER_PASSWORD

OTHER_KEY = "another-key-of-more-than-thirty-two"


def rows(tenant, model, *names, **where):
    with tenant_scope(tenant):
        return list(model.objects.filter(tenant=tenant, **where).values_list(*names))


def test_a_tenant_is_stored_with_its_code(tenant):
    assert (tenant.name, tenant.timezone, tenant.bucket, tenant.link_days, tenant.link_max_uses) == (
        "Acme Hotels",
        "Europe/Berlin",
        "acme-reports",
        14,
        5,
    )
    assert TenantCode.objects.get(code=tenant.code).tenant_id == tenant.pk


def test_links_is_the_whole_value(applied):
    applied.tenant["links"] = {"days": 7}

    assert applied.lines() == ["~ tenant acme: link_days 14 -> 7, link_max_uses 5 -> 50"]


def test_quotas_are_the_whole_value(applied, tenant):
    applied.tenant["quotas"] = {"jobs_per_day": 200, "waiting_jobs": 50, "recipients": 250, "storage_gb": 50}
    assert applied.lines() == [
        "~ tenant acme: jobs_per_day null -> 200, max_waiting null -> 50, max_recipients null -> 250, max_storage_bytes null -> 53687091200"
    ]

    applied.tenant["quotas"] = {"jobs_per_day": 200}
    assert applied.lines() == ["~ tenant acme: max_waiting 50 -> null, max_recipients 250 -> null, max_storage_bytes 53687091200 -> null"]


def test_the_limit_of_waiting_jobs_is_given_once(applied):
    applied.tenant["quotas"], applied.tenant["max_waiting"] = {"waiting_jobs": 50}, 60

    assert "quotas.waiting_jobs: is the same as max_waiting" in applied.fault()


def test_session_tags_are_the_whole_value(applied, tenant):
    applied.tenant["session_tags"] = {"tenant_id": "acme-hotels", "brand": "blue"}
    assert applied.lines() == ['~ session tag acme/tenant_id: value "acme" -> "acme-hotels"', "+ session tag acme/brand"]

    applied.tenant["session_tags"] = {"tenant_id": "acme-hotels"}
    assert applied.lines() == ["- session tag acme/brand"]
    assert rows(tenant, SessionTag, "key", "value") == [("tenant_id", "acme-hotels")]


@pytest.mark.parametrize(("value", "sentence"), [("acme,globex", "contains the delimiter"), ("*", "means all rows")])
def test_a_tag_that_the_rules_read_as_more_than_one_tenant_is_refused(applied, value, sentence):
    factories.make_report(slug="checked", parameters=[])
    applied.tables = {"tenant": [{"slug": "acme", "reports": ["checked", "daily-calls"], "session_tags": {"tenant_id": value}}]}

    assert sentence in applied.fault()


def test_a_dropped_report_loses_its_grant_and_gets_it_back(applied, tenant):
    applied.tables = {"tenant": [{"slug": "acme", "reports": []}]}
    assert applied.lines() == ["- grant acme/daily-calls"]
    assert rows(tenant, Grant, "withdrawn_at") != [(None,)]

    applied.tables["tenant"][0]["reports"] = ["daily-calls"]
    assert applied.lines() == ["+ grant acme/daily-calls"]
    assert rows(tenant, Grant, "withdrawn_at", "parameters") == [(None, {"Region": ["North"]})]


def test_an_absent_grant_table_pins_nothing_any_more(applied, tenant):
    applied.tenant["grant"][0]["absent"] = True

    assert applied.lines() == ['~ grant acme/daily-calls: parameters {"Region": ["North"]} -> {}']


def test_parameters_are_pinned_only_for_an_offered_report(applied):
    applied.tables = {"tenant": [{"slug": "acme", "reports": [], "grant": [{"report": "daily-calls", "parameters": {}}]}]}

    assert "this report is not offered to the tenant" in applied.fault()


def test_a_member_can_sign_in_with_the_password_of_the_variable(tenant):
    user = User.objects.get(email="owner@acme.example")

    assert user.check_password(OWNER_PASSWORD)
    assert rows(tenant, Membership, "user_id", "role") == [(user.pk, "owner")]


def test_a_password_is_used_only_when_the_user_is_created(applied, monkeypatch):
    monkeypatch.delenv("ACME_OWNER_PASSWORD")
    monkeypatch.setenv("STAFF_PASSWORD", "another-password-for-staff")

    assert applied.apply() == "no changes\n"
    assert User.objects.get(email="owner@acme.example").check_password(OWNER_PASSWORD)


def test_a_role_is_changed_and_an_absent_member_removed(applied, tenant):
    factories.make_member(tenant=tenant, email="other@acme.example", role="owner")
    applied.tenant["member"][0]["role"] = "viewer"
    assert applied.lines() == ['~ member acme/owner@acme.example: role "owner" -> "viewer"']

    applied.tenant["member"][0]["absent"] = True
    assert applied.lines() == ["- member acme/owner@acme.example"]
    assert rows(tenant, Membership, "user__email") == [("other@acme.example",)]
    assert User.objects.filter(email="owner@acme.example").exists()


def test_without_a_password_an_invitation_is_issued_and_its_address_shown_once(applied, tenant):
    applied.tenant["member"].append({"email": "Alice@acme.example", "role": "viewer"})

    output = applied.apply()

    url = next(word for word in output.split() if "/invitations/" in word)
    head, token = url.rstrip("/").rsplit("/", 1)
    assert head == f"https://reports.anycompany.example/invitations/{tenant.code}"
    with tenant_scope(tenant):
        assert bytes(Invitation.objects.get(email="alice@acme.example").token_sha256) == secret_hash(token)
    assert not User.objects.filter(email="alice@acme.example").exists()
    assert applied.apply() == "no changes\n"


def test_nobody_who_is_a_member_already_is_invited(applied, tenant):
    factories.make_member(tenant=tenant, email="alice@acme.example", role="viewer")
    applied.tenant["member"].append({"email": "alice@acme.example", "role": "viewer"})

    assert applied.apply() == "no changes\n"


def test_an_absent_member_loses_the_invitation_too(applied, tenant):
    applied.tenant["member"].append({"email": "alice@acme.example", "role": "viewer"})
    applied.apply()
    applied.tenant["member"][1]["absent"] = True

    assert applied.lines() == ["- invitation acme/alice@acme.example"]


def test_an_existing_user_becomes_staff_and_an_absent_one_is_no_longer(applied, tenant):
    factories.make_member(tenant=tenant, email="alice@acme.example", role="viewer")
    applied.tables = {"staff": [{"email": "alice@acme.example"}]}
    assert applied.lines() == ["+ staff alice@acme.example"]
    assert User.objects.get(email="alice@acme.example").is_staff

    applied.tables["staff"][0]["absent"] = True
    assert applied.lines() == ["- staff alice@acme.example"]
    assert not User.objects.get(email="alice@acme.example").is_staff


def test_new_staff_need_a_password(platform):
    del platform.tables["staff"][0]["password_env"]

    assert "password_env: is needed: there is no user with this address yet." in platform.fault()


def live_keys(tenant):
    with tenant_scope(tenant):
        return {key.name: key for key in ApiKey.objects.filter(tenant=tenant, revoked_at=None)}


def test_a_key_leads_to_its_tenant(tenant):
    index = ApiKeyIndex.objects.get(sha256=secret_hash(KEY))

    assert (index.tenant_id, index.key_id) == (tenant.pk, live_keys(tenant)["integration"].pk)


def test_a_changed_secret_replaces_the_key(applied, tenant, monkeypatch):
    monkeypatch.setenv("ACME_API_KEY", OTHER_KEY)

    assert applied.lines() == ["- api key acme/integration", "+ api key acme/integration"]
    assert [bytes(key.sha256) for key in live_keys(tenant).values()] == [secret_hash(OTHER_KEY)]
    assert [bytes(index.sha256) for index in ApiKeyIndex.objects.all()] == [secret_hash(OTHER_KEY)]
    assert applied.apply() == "no changes\n"


def test_a_secret_may_be_changed_back(applied, tenant, monkeypatch):
    monkeypatch.setenv("ACME_API_KEY", OTHER_KEY)
    applied.apply()
    monkeypatch.setenv("ACME_API_KEY", KEY)
    applied.apply()

    assert [bytes(key.sha256) for key in live_keys(tenant).values()] == [secret_hash(KEY)]


def test_a_changed_secret_keeps_the_family_under_which_the_key_is_counted(applied, tenant, monkeypatch):
    before = live_keys(tenant)["integration"]
    monkeypatch.setenv("ACME_API_KEY", OTHER_KEY)
    applied.apply()

    after = live_keys(tenant)["integration"]

    assert (after.family, after.created_by_id) == (before.family, None)
    assert after.pk != before.pk


def test_a_key_that_the_companys_people_revoked_stays_so_until_it_has_another_secret(applied, tenant, monkeypatch):
    with tenant_scope(tenant):
        key = ApiKey.objects.select_related("tenant").get(name="integration")
        keys.revoke(key, Actor("olga@acme.example"), now=timezone.now())

    again = applied.apply()
    still = live_keys(tenant)
    monkeypatch.setenv("ACME_API_KEY", OTHER_KEY)
    applied.apply()

    assert "acme/integration was revoked by the company" in again
    assert still == {}
    assert bytes(live_keys(tenant)["integration"].sha256) == secret_hash(OTHER_KEY)


def test_a_name_that_somebody_of_the_company_gave_to_a_key_is_a_fault(applied, tenant):
    person = factories.make_member(tenant=tenant, role="admin")
    factories.make_api_key(tenant=tenant, name="crm", created_by=person)
    applied.tenant["api_key"].append({"name": "crm", "scopes": ["jobs:read"]})

    assert 'api_key "crm": name: somebody of the company made a key with this name.' in applied.fault()


def test_the_keys_of_a_member_who_is_taken_out_end_with_the_membership(applied, tenant):
    email = applied.tenant["member"][0]["email"]
    factories.make_member(tenant=tenant, role="owner")
    factories.make_api_key(tenant=tenant, name="hers", created_by=User.objects.get(email=email))
    applied.tenant["member"][0] = {"email": email, "absent": True}

    assert "- api key acme/hers" in applied.lines()
    assert "hers" not in live_keys(tenant)


def test_without_a_secret_a_key_is_made_and_shown_once(applied, tenant):
    applied.tenant["api_key"].append({"name": "reading", "scopes": ["jobs:read"]})

    output = applied.apply()

    secret = output.split()[-1]
    assert secret.startswith(f"fan_{tenant.code}_")
    assert bytes(live_keys(tenant)["reading"].sha256) == secret_hash(secret)
    assert applied.apply() == "no changes\n"


def test_a_key_of_another_tenant_is_refused_without_saying_whose(applied, monkeypatch):
    globex = factories.make_tenant(slug="globex")
    _, secret = factories.make_api_key(tenant=globex)
    monkeypatch.setenv("ACME_API_KEY", secret)

    fault = applied.fault()

    assert fault.endswith("secret_env: this key is already in use. Make another one.")
    assert "globex" not in fault
    assert secret not in fault


def test_two_tenants_of_one_file_cannot_share_a_key(applied):
    globex = {"slug": "globex", "name": "Globex", "bucket": "globex-reports"}
    applied.tables["tenant"].append(globex | {"api_key": [{"name": "k", "scopes": ["jobs:read"], "secret_env": "ACME_API_KEY"}]})

    assert 'tenant[2] "globex": api_key "k": secret_env: this key is already in use.' in applied.fault()


def test_two_names_cannot_share_a_key(applied):
    applied.tenant["api_key"].append({"name": "k", "scopes": ["jobs:read"], "secret_env": "ACME_API_KEY"})

    assert 'api_key "k": secret_env: this key is already in use.' in applied.fault()


@pytest.mark.parametrize(
    ("secret", "sentence"), [("x" * 31, "32 to 512 characters"), ("x" * 513, "32 to 512"), ("ä" * 40, "ASCII"), ("a b" * 20, "ASCII")]
)
def test_a_key_that_cannot_be_used_is_refused_without_being_repeated(platform, monkeypatch, secret, sentence):
    monkeypatch.setenv("ACME_API_KEY", secret)

    fault = platform.fault()

    assert sentence in fault
    assert secret not in fault


def test_scopes_change_in_place_and_a_star_is_both_verbs(applied, tenant):
    applied.tenant["api_key"][0]["scopes"] = ["links:*", "usage:read"]

    assert len(applied.lines()) == 1
    assert live_keys(tenant)["integration"].scopes == ["links:read", "links:write", "usage:read"]


def test_an_absent_key_is_revoked_and_leads_nowhere(applied, tenant):
    applied.tenant["api_key"][0]["absent"] = True

    assert applied.lines() == ["- api key acme/integration"]
    assert live_keys(tenant) == {}
    assert not ApiKeyIndex.objects.exists()


def test_an_absent_tenant_lets_nobody_in_and_runs_nothing_but_stays_on_record(applied, tenant):
    job = factories.make_job(tenant=tenant, report=factories.make_report(slug="old"), status="completed")
    link, _ = factories.make_link(job=job)
    with tenant_scope(tenant):
        TenantLogo.objects.create(tenant=tenant, png=b"a picture")
        Tenant.objects.filter(pk=tenant.pk).update(logo_hash="abc")
    applied.tables = {"tenant": [{"slug": "acme", "absent": True}]}

    lines = applied.lines()

    assert {line[:2] for line in lines} == {"- "}
    assert f"- link acme/{link.reference}" in lines
    assert live_keys(tenant) == {}
    assert rows(tenant, Membership, "pk") == []
    assert rows(tenant, TenantLogo, "pk") == []
    assert "- logo acme" in lines
    assert rows(tenant, Schedule, "next_run_at", retired_at=None) == []
    assert all(withdrawn for (withdrawn,) in rows(tenant, Grant, "withdrawn_at"))
    with platform_scope():
        assert Tenant.objects.filter(slug="acme").exists()
    assert applied.apply() == "no changes\n"


def test_how_its_mails_look_and_where_they_may_go_is_stored(applied, tenant):
    wanted = {
        "language": "de",
        "sender_name": "Acme Berichte",
        "reply_to": "desk@acme.example",
        "brand_color": "#0f5f8c",
        "brand_name": "Acme",
        "allow_attachments": True,
        "recipient_domains": ["acme.example", "*.acme.example"],
    }
    applied.tenant.update(wanted)

    applied.apply()

    with platform_scope():
        tenant.refresh_from_db()
    assert {name: getattr(tenant, name) for name in wanted} == wanted
    assert applied.apply() == "no changes\n"


def test_an_invitation_is_sent_where_mail_is_set_up_and_its_token_is_nowhere_in_the_clear(applied, tenant, settings):
    settings.EMAIL_URL = "smtp://mail.example:587?from=reports@mail.example"
    applied.tenant["member"].append({"email": "alice@acme.example", "role": "viewer"})

    output = applied.apply()

    url = next(word for word in output.split() if "/invitations/" in word)
    token = url.rstrip("/").rpartition("/")[2]
    with tenant_scope(tenant):
        (notice,) = Notice.objects.filter(kind=Notice.Kind.INVITATION)
        letter = letter_of_notice(notice, timezone.now())
    assert url in letter.message.body
    assert token not in str(vars(notice))
    assert "shown once and sent by email" in output


def test_without_a_mail_server_no_invitation_waits_for_one(applied, tenant):
    applied.tenant["member"].append({"email": "alice@acme.example", "role": "viewer"})

    applied.apply()

    assert rows(tenant, Notice, "kind") == []


def test_the_last_owner_of_a_company_stays_one(applied, tenant):
    for last in ({"role": "viewer"}, {"absent": True}):
        applied.tables = {"tenant": [{"slug": "acme", "member": [{"email": "owner@acme.example"} | last]}]}

        assert "would be left without an owner" in applied.fault()
    assert rows(tenant, Membership, "role") == [("owner",)]


def test_an_invited_owner_is_none_yet(applied, tenant):
    members = [{"email": "owner@acme.example", "absent": True}, {"email": "next@acme.example", "role": "owner"}]
    applied.tables = {"tenant": [{"slug": "acme", "member": members}]}

    assert "would be left without an owner" in applied.fault()
    assert rows(tenant, Invitation, "email") == []


def test_one_owner_takes_the_place_of_the_other_in_one_run(applied, tenant):
    factories.make_member(tenant=tenant, email="next@acme.example", role="viewer")
    members = [{"email": "owner@acme.example", "absent": True}, {"email": "next@acme.example", "role": "owner"}]
    applied.tables = {"tenant": [{"slug": "acme", "member": members}]}

    applied.apply()

    assert rows(tenant, Membership, "user__email", "role") == [("next@acme.example", "owner")]


def test_who_is_removed_has_nobody_invited_any_more(applied, tenant):
    factories.make_member(tenant=tenant, email="next@acme.example", role="owner")
    with tenant_scope(tenant):
        Invitation.issue(tenant, "friend@acme.example", "admin", timezone.now(), invited_by="next@acme.example")
    applied.tables = {"tenant": [{"slug": "acme", "member": [{"email": "next@acme.example", "absent": True}]}]}

    assert applied.lines() == ["- member acme/next@acme.example", "- invitation acme/friend@acme.example"]
