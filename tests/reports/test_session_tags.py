from __future__ import annotations

import pytest

from reports.models import Report
from reports.refused import Refused
from reports.session_tags import refuse_unsafe_narrowing, refuse_unsafe_tags

RULES = [
    {
        "dataset": "calls",
        "name": "Calls",
        "enabled": True,
        "rules": [{"key": "tenant_id", "delimiter": ",", "match_all": "*"}, {"key": "desk", "delimiter": "", "match_all": ""}],
        "groups": [["tenant_id"], ["tenant_id", "desk"]],
    }
]
OPEN = {"dataset": "market", "enabled": False, "rules": [], "open": True}


def rules(**changes):
    return [RULES[0] | changes]


def refusal(tags, required=("tenant_id",), row_rules=RULES, **options):
    with pytest.raises(Refused) as refused:
        refuse_unsafe_tags(tags, list(required), row_rules, **options)
    assert refused.value.code == "rows_not_isolated"
    return refused.value.detail


@pytest.mark.parametrize("tags", [{"tenant_id": "acme"}, {"tenant_id": "acme", "desk": "north"}, {"tenant_id": "Ä" * 256}])
@pytest.mark.parametrize("row_rules", [RULES, []])
def test_a_tenants_own_tags_pass(tags, row_rules):
    assert refuse_unsafe_tags(tags, ["tenant_id"], row_rules) is None


@pytest.mark.parametrize(
    ("tags", "sentence"),
    [
        ({}, "“tenant_id” is missing"),
        ({"desk": "north"}, "“tenant_id” is missing"),
        ({"tenant_id": ""}, "“tenant_id” is blank"),
        ({"tenant_id": " \t"}, "“tenant_id” is blank"),
        ({"tenant_id": "acme", "desk": ""}, "“desk” is blank"),
        ({"tenant_id": "acme,globex"}, "contains the delimiter"),
        ({"tenant_id": "*"}, "means all rows"),
        ({"tenant_id": "a" * 257}, "longer than 256"),
        ({"tenant_id": "acme"} | {f"key-{n}": "x" for n in range(50)}, "51 session tags"),
        ({"tenant_id": "acme", "k" * 129: "x"}, "1 to 128 characters"),
        ({"tenant_id": "ac\0me"}, "cannot be sent"),
        ({"tenant_id": "\ud83d"}, "cannot be sent"),
    ],
)
def test_tags_that_would_show_other_rows_are_refused(tags, sentence):
    assert sentence in refusal(tags)


@pytest.mark.parametrize(
    ("row_rules", "sentence"),
    [
        (rules(enabled=False), "The tag rules of data set “Calls” (calls) are switched off: its rows are not held back by “tenant_id”."),
        (
            rules(enabled=False, rules=[], groups=[]),
            "Data set “Calls” (calls) has no tag rules: its rows are not held back by “tenant_id”.",
        ),
        (rules(rules=[{"key": "desk", "delimiter": "", "match_all": ""}], groups=[]), "no tag rule for “tenant_id”"),
        (rules(groups=[["tenant_id"], ["desk"]]), "alternative without “tenant_id”"),
        (rules(groups=[]), "also needs the session tags: desk"),
        (rules(groups=[["tenant_id", "desk"]]), "also needs the session tags: desk"),
    ],
)
def test_a_data_set_whose_rules_do_not_hold_rows_back_is_refused(row_rules, sentence):
    assert sentence in refusal({"tenant_id": "acme"}, row_rules=row_rules)


def test_one_open_data_set_among_several_is_enough_to_refuse():
    open_one = {"dataset": "market", "enabled": False, "rules": []}

    assert "“market”" in refusal({"tenant_id": "acme"}, row_rules=[*RULES, open_one])


def test_every_fault_is_named_at_once():
    detail = refusal({"desk": ""}, ["tenant_id", "region"])

    assert all(f"“{key}”" in detail for key in ("tenant_id", "region", "desk"))


def test_no_sentence_repeats_a_value():
    assert "acme" not in refusal({"tenant_id": "acme,globex", "desk": " "})


def test_a_report_without_required_tags_is_refused_unless_it_is_the_same_for_everyone():
    open_rules = [{"dataset": "market", "enabled": False, "rules": []}]

    refusal({"tenant_id": "acme"}, required=(), row_rules=open_rules)
    assert refuse_unsafe_tags({"tenant_id": "acme"}, [], open_rules, same_for_everyone=True) is None


@pytest.mark.parametrize(
    ("row_rules", "sentence"),
    [
        (rules(enabled=False), "The tag rules of data set “Calls” (calls) are switched off"),
        (rules(rules=[], had_rules=True), "Data set “Calls” (calls) had tag rules and has none any more."),
        (rules(groups=[["tenant_id", "desk"]]), "also needs the session tags: desk"),
        (rules(rules=[{"key": "tenant_id", "delimiter": "", "match_all": "acme"}], groups=[]), "means all rows"),
    ],
    ids=["switched off", "removed", "a key without a tag", "match-all"],
)
def test_rules_that_are_there_are_meant_even_where_a_report_is_the_same_for_everyone(row_rules, sentence):
    open_one = {"dataset": "market", "enabled": False, "rules": []}

    assert sentence in refusal({"tenant_id": "acme"}, required=(), row_rules=[open_one, *row_rules], same_for_everyone=True)


def test_a_key_that_the_same_for_everyone_requires_is_held_by_every_rule_that_is_there():
    other_key = rules(rules=[{"key": "desk", "delimiter": "", "match_all": ""}], groups=[])

    detail = refusal({"tenant_id": "acme", "desk": "north"}, row_rules=other_key, same_for_everyone=True)

    assert detail == "Data set “Calls” (calls) has no tag rule for “tenant_id”."


def test_even_the_same_for_everyone_is_not_started_without_tags():
    assert "no session tags" in refusal({}, required=(), row_rules=[], same_for_everyone=True)


@pytest.mark.parametrize(
    ("row_rules", "sentence"),
    [
        ([], "The report requires no session tag"),
        ([OPEN, *rules(dataset="wages", name="Wages", rules=[], groups=[])], "Data set “Wages” (wages) is not among those"),
        ([OPEN, *rules(dataset="wages", name="Wages")], "Data set “Wages” (wages) is not among those"),
    ],
    ids=["nothing was read", "one without a rule", "one with a rule"],
)
def test_only_open_data_sets_make_a_report_without_required_tags_safe(row_rules, sentence):
    assert refuse_unsafe_tags({"tenant_id": "acme"}, [], [OPEN]) is None
    assert sentence in refusal({"tenant_id": "acme"}, required=(), row_rules=row_rules)


def narrow(narrowing, own=None, row_rules=RULES, **report):
    report = {"preflight": "passed", "required_tags": ["tenant_id"]} | report
    refuse_unsafe_narrowing({"tenant_id": "acme"} if own is None else own, narrowing, Report(row_rules=row_rules, **report))


def narrowing_refusal(*values, **options):
    with pytest.raises(Refused) as refused:
        narrow(*values, **options)
    assert refused.value.code == "rows_not_isolated"
    return refused.value.places[0].path, refused.value.detail


@pytest.mark.parametrize(
    ("narrowing", "row_rules"),
    [
        ({}, RULES),
        ({}, [OPEN]),
        ({"desk": "north"}, RULES),
        ({"desk": "north"}, [*RULES, OPEN]),
        ({"desk": "north"}, rules(groups=[])),
        ({"desk": "north"}, rules(groups=[["tenant_id", "desk"]])),
    ],
)
def test_tags_that_hold_more_rows_back_narrow(narrowing, row_rules):
    assert narrow(narrowing, row_rules=row_rules) is None


def test_rules_that_nobody_has_read_are_asked_at_the_start():
    assert narrow({"desk": "north"}, row_rules=[], preflight="not_checked") is None


@pytest.mark.parametrize("own", [{"tenant_id": "acme"}, {}])
def test_a_key_of_the_company_is_never_replaced(own):
    path, sentence = narrowing_refusal({"tenant_id": "globex"}, own)

    assert path == ("session_tags", "tenant_id")
    assert "cannot replace one" in sentence
    assert "globex" not in sentence


@pytest.mark.parametrize(
    ("narrowing", "row_rules", "sentence"),
    [
        ({"floor": "1"}, RULES, "Data set “Calls” (calls) has no rule for “floor”"),
        (
            {"desk": "north"},
            [*RULES, RULES[0] | {"dataset": "hr", "rules": RULES[0]["rules"][:1], "groups": []}],
            "(hr) has no rule for “desk”",
        ),
        ({"desk": "north"}, [OPEN], "No data set of this report has a rule for “desk”"),
        ({"desk": " "}, RULES, "is blank"),
        ({"desk": "north,south"}, rules(rules=[{"key": "desk", "delimiter": ",", "match_all": ""}]), "contains the delimiter"),
        ({"desk": "*"}, rules(rules=[{"key": "desk", "delimiter": "", "match_all": "*"}]), "means all rows"),
        (
            {"desk": "north", "region": "east"},
            rules(groups=[["tenant_id", "desk"], ["tenant_id", "region"]]),
            "no rule for “desk”, “region”",
        ),
    ],
)
def test_tags_that_would_not_narrow_are_refused(narrowing, row_rules, sentence):
    assert sentence in narrowing_refusal(narrowing, row_rules=row_rules)[1]


@pytest.mark.parametrize(
    ("own", "groups"),
    [
        ({"tenant_id": "acme", "region": "east"}, [["tenant_id", "region"], ["tenant_id", "desk"]]),
        ({"tenant_id": "acme"}, [["tenant_id"], ["desk"]]),
    ],
)
def test_an_alternative_that_adds_rows_to_the_companys_own_is_refused(own, groups):
    assert "which adds rows" in narrowing_refusal({"desk": "north"}, own, row_rules=rules(groups=groups))[1]


ALTERNATIVES = [
    [["tenant_id"], ["tenant_id", "region"], ["tenant_id", "desk"]],
    [["tenant_id"], ["tenant_id", "region"], ["tenant_id", "region", "desk"], ["tenant_id", "plan", "desk"]],
]


@pytest.mark.parametrize("groups", ALTERNATIVES, ids=["as wide as before, and more", "narrower, and more"])
def test_rows_beside_those_that_the_companys_narrowest_alternative_shows_are_refused(groups):
    own = {"tenant_id": "acme", "region": "east", "plan": "gold"}

    assert "“desk”" in narrowing_refusal({"desk": "north"}, own, row_rules=rules(groups=groups))[1]


def test_the_narrowest_alternative_may_be_narrowed():
    own, groups = {"tenant_id": "acme", "region": "east"}, [["tenant_id"], ["tenant_id", "region"], ["tenant_id", "region", "desk"]]

    assert narrow({"desk": "north"}, own, row_rules=rules(groups=groups)) is None
