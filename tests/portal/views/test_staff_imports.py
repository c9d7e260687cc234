"""The page of a draft: what it shows at each point, and what its form keeps, refuses and hands to the worker."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import OrmQ

from reports import tasks
from reports.models import CatalogueImport, Report
from tenants.scope import platform_scope, staff_scope
from tests.factories import make_account, make_report
from tests.portal.views import drafts
from tests.portal.views.drafts import CALLS, RATES, dashboard, filled_form, make_draft, now_of, verdict, worker_lives
from tests.pretend_aws import ACCOUNT, REGION

pytestmark = pytest.mark.django_db
WHY = "Published by the central bank"
RULES_OFF = CALLS | {"enabled": False, "keys": [], "problem": "The tag rules are switched off."}
OPEN_RATES = RATES | {"open": True, "problem": ""}


@pytest.fixture
def browser(client, ines) -> Client:
    client.force_login(ines)
    return client


@pytest.fixture
def second(omar) -> Client:
    """The browser of another member of staff."""
    browser = Client()
    browser.force_login(omar)
    return browser


def path_of(draft: CatalogueImport) -> str:
    return f"/staff/catalogue/import/{draft.pk}/"


def page_of(browser: Client, draft: CatalogueImport, query: str = "") -> str:
    response = browser.get(path_of(draft) + query)
    assert response.status_code == 200
    return response.content.decode()


def steps_of(page: str) -> list[tuple[str, str]]:
    """Each step with "done", "here" or nothing."""
    wizard = re.search(r'<ol[^>]*class="wizard".*?</ol>', page, re.S)[0]
    found = re.findall(r'<li( class="done"| aria-current="step")?><i>.*?</i>([^<]+)', wizard, re.S)
    return [(word, "done" if "done" in mark else "here" if mark else "") for mark, word in found]


def publish_button(page: str) -> str:
    return re.search(r'<button[^>]*name="publish"[^>]*>', page)[0]


def test_an_account_is_chosen_and_its_dashboards_are_read_by_the_worker(browser, django_capture_on_commit_callbacks):
    make_account(name="europe")
    make_account(name="retired", slots=0)
    choice = browser.get("/staff/catalogue/import/").content.decode()

    with django_capture_on_commit_callbacks(execute=True):
        response = browser.post("/staff/catalogue/import/", {"account": "europe"})

    with platform_scope():
        draft = CatalogueImport.objects.get()
    assert "retired" not in choice
    assert (response.status_code, response["Location"]) == (303, path_of(draft))
    assert (draft.work, draft.asked_by.email) == ("list", "ines@anycompany.example")
    assert OrmQ.objects.filter(key="work").count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_was_stored_is_no_error_when_its_message_cannot_be_sent(browser, monkeypatch):
    """The worker finds it by itself within minutes. An error would make people press again, and begin another draft."""
    make_account(name="europe")
    monkeypatch.setattr(Conf, "ORM", None)
    monkeypatch.setattr(Conf, "REDIS", "redis://127.0.0.1:1/0")

    response = browser.post("/staff/catalogue/import/", {"account": "europe"})

    with platform_scope():
        draft = CatalogueImport.objects.get()
    assert (response.status_code, response["Location"]) == (303, path_of(draft))


@pytest.mark.parametrize("account", ["", "no-such", "retired", "a\0b"])
def test_an_account_that_is_not_offered_begins_nothing(browser, account):
    make_account(name="retired", slots=0)

    assert browser.post("/staff/catalogue/import/", {"account": account}).status_code == 404


def test_without_an_account_the_page_says_where_one_comes_from(browser):
    assert "Name a QuickSight account in the platform file" in browser.get("/staff/catalogue/import/").content.decode()


def test_while_the_worker_reads_the_page_asks_again_and_works_without_script(browser, ines):
    worker_lives()
    draft = make_draft(ines, work="list", dashboards=[], listed_at=None, dashboard_id="", found={}, wanted={}, verdict={})

    page = page_of(browser, draft)

    assert "Reading the dashboards" in page
    assert 'hx-trigger="every 2s"' in page
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in page
    assert "Refresh</a>" in page
    assert '<span class="skel' in page


def test_the_poll_gets_nothing_while_nothing_changes_and_the_page_at_the_end(browser, ines):
    worker_lives()
    draft = make_draft(ines, work="check")
    seen = re.search(r"\?seen=([\w-]+)", page_of(browser, draft))[1]
    headers = {"HX-Request": "true"}

    same = browser.get(path_of(draft), {"seen": seen}, headers=headers)
    with platform_scope():
        CatalogueImport.objects.update(work="")
    ended = browser.get(path_of(draft), {"seen": seen}, headers=headers)

    assert (same.status_code, same.content) == (204, b"")
    assert ended["HX-Refresh"] == "true"
    assert "every 2s" not in page_of(browser, draft)


def test_an_answer_that_is_an_error_does_not_end_the_asking(browser, ines):
    page = page_of(browser, make_draft(ines, work="check"))

    (asking,) = re.findall(r'<div [^>]*id="progress"[^>]*>', page)
    assert 'hx-status:4xx="swap:none" hx-status:5xx="swap:none"' in asking


def test_without_a_worker_the_page_says_so(browser, ines):
    draft = make_draft(ines, work="check")
    fragment = browser.get(path_of(draft), {"seen": f"{draft.turn}-at-work"}, headers={"HX-Request": "true"})

    assert "No worker is running" in page_of(browser, draft)
    assert "No worker is running" in fragment.content.decode()
    assert "<html" not in fragment.content.decode()


def test_while_the_worker_is_at_it_nothing_can_be_pressed(browser, ines):
    page = page_of(browser, make_draft(ines, work="check"))

    assert page.count('<fieldset class="stack" disabled>') == 1
    assert re.search(r'name="dashboard" value="billing" disabled', page)


def test_an_account_without_dashboards_says_so(browser, ines):
    draft = make_draft(ines, dashboards=[], dashboard_id="", found={}, wanted={}, verdict={})

    assert "No dashboards in this account" in page_of(browser, draft)


def test_two_hundred_dashboards_come_by_pages_and_can_be_searched(browser, ines):
    many = [dashboard(f"d-{number:03}", f"Board {number:03}") for number in range(200)]
    draft = make_draft(ines, dashboards=many, dashboard_id="", found={}, wanted={}, verdict={})

    first = page_of(browser, draft)
    following = page_of(browser, draft, re.search(r'href="(\?after=[^"]+)"', first)[1])
    found = page_of(browser, draft, "?q=board+19")

    assert first.count('name="dashboard"') == following.count('name="dashboard"') == 20
    assert "Board 019" in first
    assert "Board 020" in following
    assert found.count('name="dashboard"') == 10
    assert "No dashboard matches" in page_of(browser, draft, "?q=zebra")
    assert page_of(browser, draft, "?after=no-such&q=%00")


def test_the_tree_shows_sheets_visuals_and_what_each_can_be(browser, ines):
    page = page_of(browser, make_draft(ines))

    assert "Call centre overview" in page
    assert re.search(r'name="sheet" value="daily" aria-label="Sheet Daily summary" checked', page)
    assert re.search(r'name="visuals" value="daily/hours" aria-label="Visual Calls per hour" checked', page)
    assert re.search(r'name="visuals" value="daily/kpi" aria-label="Visual Offered" disabled', page)
    assert "KPI, PDF only" in page


def test_a_tenant_without_the_tag_cannot_be_chosen_and_no_value_is_shown(browser, ines):
    page = page_of(browser, make_draft(ines))

    assert re.search(r'aria-label="Grant to Hollis Health" disabled', page)
    assert "tenant_id has no value" in page
    assert "Tag missing" in page
    assert "tenant_id is set" in page
    assert "tenant_id =" not in page


def test_a_data_set_without_a_rule_keeps_the_button_shut(browser, ines):
    page = page_of(browser, make_draft(ines, verdict=verdict(CALLS, RATES)))

    assert "1 of 2 data sets has no row rule that holds." in page
    assert "Exchange rates: the rows are the same for everyone" in page
    assert "1 thing is open:" in page
    assert "disabled" in publish_button(page)


def test_agreeing_is_offered_in_words_only_where_a_data_set_may_be_opened(browser, ines):
    """Rules that are there are meant: nobody may agree them away."""
    off = page_of(browser, make_draft(ines, verdict=verdict(RULES_OFF)))
    none = page_of(browser, make_draft(ines, verdict=verdict(RATES)))
    both = page_of(browser, make_draft(ines, verdict=verdict(RULES_OFF, RATES)))

    assert "The report is not published until the rules hold." in off
    assert "two of you" not in off
    assert "or until two of you agree that these rows are the same" in none
    assert "Where there is no rule at all, two of you may agree instead" in both


def test_no_tenant_is_ready_before_the_rules_hold(browser, ines):
    off = verdict(RULES_OFF, tenants=(drafts.ACME,)) | {"required_tags": []}

    page = page_of(browser, make_draft(ines, verdict=off))

    assert "Its tags are not known until the rules hold" in page
    assert "Not ready yet" in page
    assert "No tag is asked for" not in page
    assert "Ready" not in page
    assert "Ready" in page_of(browser, make_draft(ines))


def test_steps_are_done_in_order(browser, ines):
    open_sheet = verdict(CALLS) | {"faults": [{"at": "sheet", "text": "This sheet is in the catalogue already."}]}

    page = page_of(browser, make_draft(ines, verdict=open_sheet))

    assert steps_of(page) == [("Dashboard", "done"), ("Sheet and visuals", "here"), ("Parameters", ""), ("Row rules", ""), ("Grant", "")]


def test_the_buttons_come_after_all_that_they_send(browser, ines):
    page = page_of(browser, make_draft(ines))

    fields = re.findall(r'<(?:input|select|textarea|button)\b[^>]*name="([^"]+)"', page)
    sent, after = fields[: fields.index("publish")], fields[fields.index("publish") :]
    assert {"sheet", "visuals", "name", "slug", "formats", "tenants"} <= set(sent) - set(after)
    assert 'form="import"' in publish_button(page)


def test_what_is_ready_can_be_published(browser, ines, django_capture_on_commit_callbacks):
    draft = make_draft(ines)

    with django_capture_on_commit_callbacks(execute=True):
        response = browser.post(path_of(draft), filled_form(draft, publish="1", tenants=[drafts.ACME["id"]]))

    assert "disabled" not in publish_button(page_of(browser, make_draft(ines)))
    assert response.status_code == 303
    assert (now_of(draft).work, now_of(draft).wanted["tenants"]) == ("publish", [drafts.ACME["id"]])
    assert OrmQ.objects.filter(key="work").count() == 1


def test_a_draft_keeps_what_was_chosen_and_is_checked(browser, ines):
    draft = make_draft(ines)
    changes = {"sheet": "agents", "name": "Agents", "slug": "agents", "formats": ["PDF"]}
    changes |= {"parameter-0-may": "pinned", "parameter-0-default": "South", "parameter-1-may": "left_out", "parameter-1-default": ""}

    browser.post(path_of(draft), filled_form(draft, **changes))

    kept = now_of(draft)
    assert (kept.work, kept.turn) == ("check", draft.turn + 1)
    assert (kept.wanted["sheet_id"], kept.wanted["visual_ids"], kept.wanted["name"]) == ("agents", ["hours"], "Agents")
    assert [(p["may"], p["default"]) for p in kept.wanted["parameters"]] == [("pinned", ["South"]), ("left_out", [])]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "x" * 121}, "at most 120 characters"),
        ({"slug": "Not A Slug"}, "Small letters, digits and single hyphens"),
        ({"slug": "tail\n"}, None),
        ({"sheet": "no-such"}, "Select a valid choice"),
        ({"visuals": ["daily/no-such"]}, "Select a valid choice"),
        ({"visuals": ["agents/hours"]}, "CSV and Excel are made of tables"),
        ({"formats": []}, "This field is required."),
        ({"tenants": [drafts.HOLLIS["id"]]}, None),
        ({"parameter-0-may": "anything"}, None),
        ({"parameter-0-default": "West"}, "must be one of North, South."),
        ({"parameter-0-choices": ""}, "Name the values that customers choose from."),
        ({"parameter-1-may": "pinned", "parameter-1-default": ""}, "Name the value that is pinned."),
        ({"parameter-1-default": "many"}, "Enter a whole number."),
        ({"open_data_sets": ["no-such"], "open_reason": WHY}, None),
    ],
)
def test_a_wrong_value_is_told_at_its_field_and_nothing_is_kept(browser, ines, changes, sentence):
    draft = make_draft(ines)

    response = browser.post(path_of(draft), filled_form(draft, **changes))

    if changes == {"slug": "tail\n"}:
        assert response.status_code == 303, "a browser may add a line end, which is no part of it"
        return
    assert response.status_code == 422
    assert sentence is None or sentence in response.content.decode()
    assert "Nothing was saved." in response.content.decode()
    assert now_of(draft).turn == draft.turn


def test_a_claim_needs_a_reason(browser, ines):
    draft = make_draft(ines, verdict=verdict(CALLS, RATES))

    response = browser.post(path_of(draft), filled_form(draft, open_data_sets=["rates"]))

    assert response.status_code == 422
    assert "Say why these rows may be seen by everyone." in response.content.decode()


def test_the_first_says_why_and_only_the_second_is_offered_to_agree(browser, second, ines):
    draft = make_draft(ines, verdict=verdict(CALLS, RATES))
    browser.post(path_of(draft), filled_form(draft, open_data_sets=["rates"], open_reason=WHY))
    with platform_scope():
        CatalogueImport.objects.update(work="", verdict=verdict(CALLS, OPEN_RATES))

    mine, theirs = page_of(browser, draft), page_of(second, draft)

    assert "Another member of staff has to agree" in mine
    assert "I agree" not in mine
    assert "To ask the second person" in mine
    assert "To ask the second person" not in theirs
    assert f"Ines Prado says that these rows are the same for everyone: {WHY}." in theirs
    assert "I agree" in theirs
    assert "disabled" in publish_button(mine)


def test_how_to_ask_the_second_person_is_said_where_the_first_claims(browser, ines):
    page = page_of(browser, make_draft(ines, verdict=verdict(RATES)))

    assert re.search(r'name="open_data_sets" value="rates" aria-describedby="second"', page)
    assert re.search(r'id="second">[^<]*save as draft\. Another member of staff opens it under Dashboards, Import from QuickSight', page)


def test_before_the_second_agreed_nothing_says_that_the_rows_are_the_same(browser, ines, omar):
    opened = verdict(OPEN_RATES, tenants=(drafts.ACME,)) | {"required_tags": [], "same_for_everyone": True}
    said = {"open_data_sets": ["rates"], "open_reason": WHY, "said_by": ines, "verdict": opened}

    waiting, agreed = page_of(browser, make_draft(ines, **said)), page_of(browser, make_draft(ines, agreed_by=omar, **said))

    for sentence in ("Nothing is held back", "Everybody sees every row", "Same for everyone<", "Ready"):
        assert sentence not in waiting
        assert sentence in agreed
    for sentence in ("waits for a second person", "Waits for a second person", "Everybody would see every row", "Not ready yet"):
        assert sentence in waiting
        assert sentence not in agreed


def test_with_both_names_the_button_opens(browser, second, ines, omar):
    said = {"open_data_sets": ["rates"], "open_reason": WHY, "said_by": ines, "verdict": verdict(CALLS, OPEN_RATES)}
    draft = make_draft(ines, **said)

    second.post(f"{path_of(draft)}agree/", {"turn": draft.turn})

    page = page_of(browser, draft)
    assert now_of(draft).agreed_by_id == omar.pk
    assert "Ines Prado said so, and Omar Haddad agreed." in page
    assert "disabled" not in publish_button(page)


def test_nobody_agrees_with_themselves(browser, ines):
    said = {"open_data_sets": ["rates"], "open_reason": WHY, "said_by": ines, "verdict": verdict(CALLS, OPEN_RATES)}
    draft = make_draft(ines, **said)

    answer = browser.post(f"{path_of(draft)}agree/", {"turn": draft.turn}, follow=True)

    assert "You said it yourself." in answer.content.decode()
    assert now_of(draft).agreed_by_id is None


def test_the_only_member_of_staff_is_told_what_to_do(browser, ines):
    said = {"open_data_sets": ["rates"], "open_reason": WHY, "said_by": ines, "verdict": verdict(CALLS, OPEN_RATES)}

    page = page_of(browser, make_draft(ines, **said))

    assert "You are the only member of staff." in page
    assert "same_for_everyone = true" in page


def test_publishing_on_one_name_saves_only_and_says_so(browser, ines, omar):
    draft = make_draft(ines, verdict=verdict(CALLS, RATES))
    form = filled_form(draft, open_data_sets=["rates"], open_reason=WHY, publish="1")

    answer = browser.post(path_of(draft), form, follow=True)

    assert "Saved, not published" in answer.content.decode()
    assert now_of(draft).work == "check"


def test_who_comes_second_is_told_and_overwrites_nothing(browser, second, ines):
    draft = make_draft(ines)
    second.post(path_of(draft), filled_form(draft, name="Calls of Omar"))

    answer = browser.post(path_of(draft), filled_form(draft, name="Calls of Ines"), follow=True)

    assert "was changed in the meantime" in answer.content.decode()
    assert now_of(draft).wanted["name"] == "Calls of Omar"


@pytest.mark.parametrize("turn", ["", "x", "-1", "99999999999999999999"])
def test_a_button_without_a_turn_changes_nothing(browser, ines, turn):
    draft = make_draft(ines)

    for path, values in (("read/", {}), ("choose/", {"dashboard": "billing"}), ("agree/", {})):
        assert browser.post(path_of(draft) + path, values | {"turn": turn}).status_code == 303
    assert now_of(draft).turn == draft.turn


def test_choosing_another_dashboard_begins_anew(browser, ines, omar):
    said = {"open_data_sets": ["rates"], "open_reason": WHY, "said_by": ines, "agreed_by": omar}
    draft = make_draft(ines, **said)

    browser.post(f"{path_of(draft)}choose/", {"turn": draft.turn, "dashboard": "billing"})

    kept = now_of(draft)
    assert (kept.dashboard_id, kept.work, kept.found, kept.wanted) == ("billing", "check", {}, {})
    assert (kept.open_data_sets, kept.said_by_id, kept.agreed_by_id) == ([], None, None)


def test_a_dashboard_that_is_not_listed_is_refused_in_words(browser, ines):
    draft = make_draft(ines)

    answer = browser.post(f"{path_of(draft)}choose/", {"turn": draft.turn, "dashboard": "somebody-elses"}, follow=True)

    assert "not in the list" in answer.content.decode()


def test_what_went_wrong_is_said_with_a_way_to_try_again(browser, ines):
    page = page_of(browser, make_draft(ines, fault="QuickSight did not answer for account “main” (Unanswered)."))

    assert "QuickSight did not answer" in page
    assert 'form="again"' in page
    assert "Try again" in page


def test_a_published_draft_is_shown_and_takes_no_more_changes(browser, ines):
    report = make_report(slug="daily-call-summary", name="Daily call summary")
    draft = make_draft(ines, report=report, published_at=timezone.now())

    page = page_of(browser, draft)
    posted = browser.post(path_of(draft), filled_form(draft, name="Too late"))

    assert "“Daily call summary” is in the catalogue" in page
    assert '<form id="import"' not in page
    assert posted.status_code == 303
    assert now_of(draft).wanted["name"] == "Daily call summary"


def test_any_of_staff_may_discard_a_draft_and_is_asked_first(browser, second, ines, omar, caplog):
    caplog.set_level("INFO", "reports.importing.asking")
    draft = make_draft(ines)

    page = page_of(second, draft)
    asked = second.get(f"{path_of(draft)}discard/").content.decode()
    kept = now_of(draft).turn
    answer = second.post(f"{path_of(draft)}discard/", {"turn": draft.turn}, follow=True)

    assert f'href="{path_of(draft)}discard/"' in page
    assert "Discard this draft?" in asked
    assert kept == draft.turn
    assert answer.redirect_chain == [("/staff/catalogue/import/", 303)]
    assert "The draft was discarded." in answer.content.decode()
    assert browser.get(path_of(draft)).status_code == 404
    assert f"import {draft.pk}: discarded by user {omar.pk}" in caplog.text


UNREAD = {"work": "list", "found": {}, "wanted": {}, "verdict": {}}


@pytest.mark.parametrize("fields", [UNREAD, {"work": "check"}, {"fault": "QuickSight did not answer."}])
def test_a_draft_can_be_discarded_wherever_it_stands(browser, ines, fields):
    draft = make_draft(ines, **fields)

    browser.post(f"{path_of(draft)}discard/", {"turn": draft.turn})

    assert browser.get(path_of(draft)).status_code == 404


def test_what_somebody_changed_meanwhile_is_not_discarded_unseen(browser, second, ines):
    draft = make_draft(ines)
    second.post(path_of(draft), filled_form(draft, name="Calls of Omar"))

    answer = browser.post(f"{path_of(draft)}discard/", {"turn": draft.turn}, follow=True)

    assert "was changed in the meantime" in answer.content.decode()
    assert now_of(draft).wanted["name"] == "Calls of Omar"


def test_what_was_published_is_not_discarded(browser, ines):
    draft = make_draft(ines, report=make_report(slug="daily-call-summary"), published_at=timezone.now())

    page = page_of(browser, draft)
    answers = [ask(f"{path_of(draft)}discard/", {"turn": draft.turn}) for ask in (browser.get, browser.post)]

    assert "Discard" not in page
    assert [answer["Location"] for answer in answers] == [path_of(draft)] * 2
    assert now_of(draft).published_at


def test_the_database_keeps_what_was_published_from_staff(ines):
    published = make_draft(ines, report=make_report(slug="daily-call-summary"), published_at=timezone.now())

    with staff_scope(ines):
        CatalogueImport.objects.all().delete()

    assert now_of(published)


def test_long_names_and_markup_are_shown_as_text(browser, ines):
    name = "<b>" + "Ü" * 57
    found = drafts.FOUND | {"name": name}
    tenant = drafts.ACME | {"name": name}

    page = page_of(browser, make_draft(ines, found=found, verdict=verdict(CALLS, tenants=(tenant,))))

    assert "<b>Ü" not in page
    assert page.count("&lt;b&gt;" + "Ü" * 57) >= 3


def test_from_a_dashboard_to_the_catalogue(browser, second, ines, acme, aws):
    """With the pretend AWS, the worker's part done in between: a dashboard without rules, published by two."""
    make_account(aws_account_id=ACCOUNT, region=REGION)
    worked = []

    def work() -> str:
        with platform_scope():
            draft = CatalogueImport.objects.get()
        tasks.work_on_import(str(draft.pk), draft.turn)
        worked.append(now_of(draft))
        return path_of(draft)

    browser.post("/staff/catalogue/import/", {"account": "main"})
    path = work()
    browser.post(f"{path}choose/", {"turn": worked[-1].turn, "dashboard": "market-benchmark"})
    work()
    form = {
        "turn": worked[-1].turn,
        "sheet": "sheet-1",
        "visuals": ["sheet-1/table-1"],
        "formats": ["PDF", "CSV"],
        "tenants": [str(acme.pk)],
    }
    form |= {"name": "Market benchmark", "slug": "market", "open_data_sets": ["market"], "open_reason": "A public benchmark"}
    browser.post(path, form)
    work()
    second.post(f"{path}agree/", {"turn": worked[-1].turn})
    browser.post(path, form | {"turn": now_of(worked[-1]).turn, "publish": "1"})
    work()

    assert worked[-1].fault == ""
    assert "“Market benchmark” is in the catalogue" in browser.get(path).content.decode()
    with platform_scope():
        assert Report.objects.get().open_data_sets == ["market"]
    assert "Acme Hotels" in browser.get("/staff/catalogue/").content.decode()
