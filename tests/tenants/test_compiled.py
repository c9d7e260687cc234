"""Querysets whose SQL is written once: they answer as the queryset does, whatever stands in their slots."""

from __future__ import annotations

import uuid

import pytest
from django.db.models import F

from reports.models import Attempt, SnapshotJob
from tenants.compiled import Compiled, OneOf, Slot, ask
from tenants.scope import tenant_scope
from tests.factories import make_attempt, make_job

pytestmark = pytest.mark.django_db
JOB = Compiled[SnapshotJob](lambda: SnapshotJob.objects.filter(tenant=Slot("tenant"), pk=Slot("job")).annotate(slug=F("report__slug")))
ATTEMPTS = Compiled[Attempt](lambda: Attempt.objects.filter(OneOf("job", "ids")).values_list("job", "number"))


def test_a_row_is_as_its_queryset_reads_it_json_and_annotations_included(acme):
    made = make_job(tenant=acme, parameters={"Region": ["North"]}, narrowing_tags={"team": "a"})

    with tenant_scope(acme):
        (found,) = JOB.rows(tenant=acme.pk, job=made.pk)
        plain = SnapshotJob.objects.get(pk=made.pk)

        assert {field.attname: getattr(found, field.attname) for field in SnapshotJob._meta.concrete_fields} == {
            field.attname: getattr(plain, field.attname) for field in SnapshotJob._meta.concrete_fields
        }
        assert found.slug == plain.report.slug
        assert not found._state.adding


def test_each_question_has_its_own_values_and_any_number_of_them(acme):
    first, second = make_job(tenant=acme), make_job(tenant=acme)
    for job in (first, second):
        make_attempt(job=job)

    with tenant_scope(acme):
        assert set(ATTEMPTS.tuples(ids=[first.pk, second.pk])) == {(first.pk, 1), (second.pk, 1)}
        assert ATTEMPTS.tuples(ids=[second.pk]) == [(second.pk, 1)]
        assert ATTEMPTS.tuples(ids=[]) == []


def test_several_questions_go_in_one_message_and_are_answered_in_their_order(acme, django_assert_num_queries):
    made = make_job(tenant=acme)
    make_attempt(job=made)

    with tenant_scope(acme):
        asked = [ATTEMPTS.with_values(ids=[]), JOB.with_values(tenant=acme.pk, job=made.pk), ATTEMPTS.with_values(ids=[made.pk])]
        with django_assert_num_queries(1):
            none, jobs, attempts = ask(*asked)

    assert (none, attempts) == ([], [(made.pk, 1)])
    assert JOB.instances(jobs) == [made]


def test_a_slot_without_a_value_is_a_fault_of_ours():
    with pytest.raises(KeyError):
        ATTEMPTS.tuples()


def test_nobody_reads_anothers_rows_by_a_text_that_was_written_for_them(acme, globex):
    foreign = make_job(tenant=globex)

    with tenant_scope(globex):
        assert JOB.rows(tenant=globex.pk, job=foreign.pk)
    with tenant_scope(acme):
        assert JOB.rows(tenant=globex.pk, job=foreign.pk) == JOB.rows(tenant=acme.pk, job=uuid.uuid4()) == []


@pytest.mark.parametrize("part", [lambda rows: rows.only("id"), lambda rows: rows.select_related("report")])
def test_a_part_of_a_row_or_more_than_one_is_a_fault_of_ours(acme, part):
    rows = Compiled[SnapshotJob](lambda: part(SnapshotJob.objects.filter(tenant=Slot("tenant"))))
    make_job(tenant=acme)

    with tenant_scope(acme), pytest.raises(AssertionError, match="whole rows of one table"):
        rows.rows(tenant=acme.pk)
