"""Many jobs at once: all that is wrong is named and then nothing is made, or all of them are."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_q.models import OrmQ

from reports.batches import making
from reports.batches.items import MOST_DELIVERIES, MOST_ITEMS, MOST_PEOPLE, Item
from reports.models import Batch, DailyUsage, Delivery, JobEvent, Recipient, SnapshotJob
from reports.refused import Refused
from tenants.audit import Actor
from tenants.models import AuditEvent, Tenant
from tenants.scope import platform_scope, tenant_scope
from tests import factories

pytestmark = pytest.mark.django_db
ADAM = Actor("adam@acme.example")


def item(report: str = "daily-calls", **fields) -> Item:
    return Item(report, **{"formats": ["PDF"]} | fields)


def create(tenant, now, *items: Item, reference: str = "month-end", actor: Actor = ADAM) -> Batch:
    with tenant_scope(tenant):
        return making.create(tenant, actor, reference, list(items), now)


def refusal(tenant, now, *items: Item, **fields) -> Refused:
    with pytest.raises(Refused) as caught:
        create(tenant, now, *items, **fields)
    with tenant_scope(tenant):
        made = [model.objects.filter(tenant=tenant).count() for model in (Batch, SnapshotJob, JobEvent, Delivery, DailyUsage)]
    assert made == [0, 0, 0, 0, 0]
    return caught.value


def jobs_of(batch: Batch) -> list[SnapshotJob]:
    with tenant_scope(batch.tenant_id):
        return list(SnapshotJob.objects.filter(batch=batch).order_by("reference"))


def deliveries_of(tenant) -> list[tuple[str, str, str, str]]:
    with tenant_scope(tenant):
        rows = Delivery.objects.select_related("job").order_by("job__reference", "address")
        return [(row.job.reference, row.address, row.status, row.failure_code) for row in rows]


def book_of(tenant) -> list[str]:
    with tenant_scope(tenant):
        return sorted(Recipient.objects.values_list("email", flat=True))


def limit(tenant: Tenant, **limits) -> Tenant:
    with platform_scope():
        Tenant.objects.filter(pk=tenant.pk).update(**limits)
    for name, value in limits.items():
        setattr(tenant, name, value)
    return tenant


class TestCreate:
    def test_every_line_becomes_a_queued_job_with_its_own_wishes(self, acme, daily_calls, now):
        batch = create(
            acme,
            now,
            item(parameters={"Region": ["North"]}, reference="row 1", metadata={"crm": "A-9"}),
            item(formats=["CSV"], visuals=["pivot-1"], reference="row 2", lane="now"),
        )

        first, second = jobs_of(batch)
        assert (batch.total, batch.open_jobs, batch.reference, batch.actor, batch.ended_at) == (2, 2, "month-end", ADAM.label, None)
        assert (first.status, first.trigger, first.parameters["Region"], first.metadata) == ("queued", "batch", ["North"], {"crm": "A-9"})
        assert (second.formats, second.visual_ids, second.lane) == (["CSV"], ["pivot-1"], SnapshotJob.Lane.NOW)
        assert (first.created_at, first.actor, first.lane) == (now, ADAM.label, SnapshotJob.Lane.SCHEDULED)

    def test_the_key_that_asked_is_named_on_the_batch_and_its_jobs(self, acme, daily_calls, now):
        key, _secret = factories.make_api_key(tenant=acme)

        batch = create(acme, now, item(), actor=Actor("integration", api_key_id=key.pk))

        assert (batch.api_key_id, jobs_of(batch)[0].api_key_id) == (key.pk, key.pk)

    def test_each_job_has_its_first_line_of_the_timeline(self, acme, daily_calls, now):
        create(acme, now, item(), item())

        with tenant_scope(acme):
            told = list(JobEvent.objects.values_list("type", "data"))
        assert told == [("queued", {"trigger": "batch", "actor": ADAM.label})] * 2

    def test_the_jobs_of_the_day_are_counted_once_for_all(self, acme, daily_calls, now):
        create(acme, now, item(), item(), item())

        with tenant_scope(acme):
            assert DailyUsage.objects.get().jobs == 3

    def test_the_audit_trail_has_one_row_that_names_nobody(self, acme, daily_calls, now):
        batch = create(acme, now, item(emails=["new@customer.example"]))

        with tenant_scope(acme):
            row = AuditEvent.objects.get(action="batch.created")
            person = Recipient.objects.get()
        assert (row.object_id, row.after) == (str(batch.pk), {"jobs": 1, "recipients_added": [f"recipient:{person.pk}"]})

    @pytest.mark.django_db(transaction=True)
    def test_the_engine_is_woken_once_for_each_account(self, acme, daily_calls, now):
        other = factories.make_report(slug="other", account=factories.make_account(name="other"))
        factories.make_grant(tenant=acme, report=other)

        create(acme, now, item(), item(), item("other"))

        assert OrmQ.objects.count() == 2


class TestPeople:
    def test_those_of_the_book_and_new_addresses_get_the_files_each_once(self, acme, daily_calls, now):
        known = factories.make_recipient(tenant=acme, email="known@customer.example", name="Kim Known", language="de")

        create(acme, now, item(recipients=[known.pk], emails=["Known@Customer.example", "new@customer.example"], reference="a"))

        assert deliveries_of(acme) == [
            ("a", "known@customer.example", "pending", ""),
            ("a", "new@customer.example", "pending", ""),
        ]
        with tenant_scope(acme):
            kim = Delivery.objects.get(recipient=known)
        assert (kim.name, kim.language, kim.is_copy, kim.occurrence_id) == ("Kim Known", "de", False, None)

    def test_an_unknown_address_in_two_lines_becomes_one_recipient(self, acme, daily_calls, now):
        create(acme, now, item(emails=["new@customer.example"]), item(emails=["NEW@customer.example"]))

        assert book_of(acme) == ["new@customer.example"]
        assert len(deliveries_of(acme)) == 2

    def test_an_address_that_stopped_the_mails_is_in_the_ledger_and_gets_none(self, acme, daily_calls, now):
        stopped = factories.make_recipient(tenant=acme, email="stopped@customer.example")
        factories.make_suppression(tenant=acme, email=stopped.email, reason="unsubscribed")

        create(acme, now, item(recipients=[stopped.pk], reference="a"))

        assert deliveries_of(acme) == [("a", "stopped@customer.example", "suppressed", "unsubscribed")]

    def test_one_who_is_in_the_book_although_the_domain_is_no_longer_allowed_gets_nothing(self, acme, daily_calls, now):
        known = factories.make_recipient(tenant=acme, email="known@elsewhere.example")
        limit(acme, recipient_domains=["customer.example"])

        create(acme, now, item(recipients=[known.pk], reference="a"))

        assert deliveries_of(acme) == [("a", "known@elsewhere.example", "suppressed", "domain_not_allowed")]

    def test_a_line_without_people_makes_files_for_nobody(self, acme, daily_calls, now):
        create(acme, now, item())

        assert deliveries_of(acme) == []


class TestRefused:
    def places(self, refused: Refused) -> list[tuple[str, str]]:
        return [("/".join(place.path), place.code) for place in refused.places]

    def test_every_bad_line_is_named_and_nothing_is_made(self, acme, daily_calls, now):
        refused = refusal(
            acme,
            now,
            item(),
            item("no-such-report"),
            item(formats=["DOCX"]),
            item(parameters={"Region": ["Mars"], "Nothing": 1}),
            item(recipients=[uuid.uuid4()], emails=["good@customer.example", "nobody"]),
            item(formats=["CSV"], visuals=["chart-9"]),
            item(reference="x" * 201, metadata={"k" * 41: "v"}),
            item(formats=[]),
            item(lane="fast"),
        )

        assert refused.code == "batch_invalid"
        assert refused.detail == "8 lines are wrong. Nothing was made."
        assert self.places(refused) == [
            ("items/1/report", "does_not_exist"),
            ("items/2/formats", "invalid_choice"),
            ("items/3/parameters/Nothing", "parameter_unknown"),
            ("items/3/parameters/Region", "parameter_value"),
            ("items/4/recipients/0", "does_not_exist"),
            ("items/4/emails/1", "bad_address"),
            ("items/5/visuals", "invalid_choice"),
            ("items/6/reference", "max_length"),
            ("items/6/metadata/" + "k" * 41, "invalid"),
            ("items/7/formats", "required"),
            ("items/8/lane", "invalid_choice"),
        ]
        assert book_of(acme) == []

    def test_a_job_and_its_people_may_both_be_wrong_in_one_line(self, acme, daily_calls, now):
        refused = refusal(acme, now, item("no-such-report", emails=["nobody"]))

        assert self.places(refused) == [("items/0/report", "does_not_exist"), ("items/0/emails/0", "bad_address")]

    def test_one_bad_line_is_told_in_the_singular(self, acme, daily_calls, now):
        assert refusal(acme, now, item(), item("no-such-report")).detail == "1 line is wrong. Nothing was made."

    def test_the_first_hundred_places_are_named(self, acme, daily_calls, now):
        refused = refusal(acme, now, *[item("no-such-report")] * 250)

        assert refused.detail == "250 lines are wrong. Nothing was made."
        assert [place.path[1] for place in refused.places] == [str(number) for number in range(100)]

    def test_another_companys_report_and_people_are_as_if_they_were_not_there(self, acme, globex, now):
        factories.make_grant(tenant=acme, report=factories.make_report(slug="daily-calls"))
        factories.make_grant(tenant=globex, report=factories.make_report(slug="theirs"))
        stranger = factories.make_recipient(tenant=globex)

        refused = refusal(acme, now, item("theirs"), item(recipients=[stranger.pk]))

        assert self.places(refused) == [("items/0/report", "does_not_exist"), ("items/1/recipients/0", "does_not_exist")]

    def test_a_new_address_of_a_foreign_domain_is_named(self, acme, daily_calls, now):
        limit(acme, recipient_domains=["customer.example"])

        refused = refusal(acme, now, item(emails=["anna@elsewhere.example"]))

        assert self.places(refused) == [("items/0/emails/0", "domain_not_allowed")]

    @pytest.mark.parametrize("count", [0, MOST_ITEMS + 1])
    def test_a_batch_has_1_to_1000_lines(self, count, acme, daily_calls, now):
        assert refusal(acme, now, *[item()] * count).code == "batch_invalid"

    def test_people_of_a_line_and_mails_of_a_batch_are_limited(self, acme, daily_calls, now):
        crowd = [f"person{number}@customer.example" for number in range(MOST_PEOPLE + 1)]

        too_many_in_one = refusal(acme, now, item(emails=crowd))
        too_many_mails = refusal(acme, now, *[item(emails=crowd[1:])] * (MOST_DELIVERIES // MOST_PEOPLE + 1))

        assert self.places(too_many_in_one) == [("items/0/recipients", "max_items")]
        assert self.places(too_many_mails) == [("items", "max_items")]

    def test_the_whole_batch_has_to_fit_into_the_day(self, acme, daily_calls, now):
        limit(acme, jobs_per_day=2)

        assert refusal(acme, now, item(), item(), item()).code == "quota_exceeded"

    def test_the_whole_batch_has_to_fit_among_those_that_wait(self, acme, daily_calls, now):
        limit(acme, max_waiting=2)

        assert refusal(acme, now, item(), item(), item()).code == "queue_full"

    def test_new_addresses_have_to_fit_into_the_address_book(self, acme, daily_calls, now):
        limit(acme, max_recipients=1)

        refused = refusal(acme, now, item(emails=["one@customer.example", "two@customer.example"]))

        assert refused.code == "quota_exceeded"
        assert book_of(acme) == []

    def test_a_reference_that_is_too_long_is_refused(self, acme, daily_calls, now):
        assert self.places(refusal(acme, now, item(), reference="x" * 201)) == [("reference", "max_length")]


class TestSpeed:
    def statements(self, tenant, now, count: int) -> int:
        people = [f"person{number}@customer.example" for number in range(50)]
        lines = [item(emails=[people[number % 50]], parameters={"Region": ["North"]}) for number in range(count)]
        with tenant_scope(tenant), CaptureQueriesContext(connection) as asked:
            making.create(tenant, ADAM, "", lines, now)
        return len(asked)

    def test_a_line_more_asks_the_database_nothing_more(self, acme, daily_calls, now):
        limit(acme, jobs_per_day=None, max_waiting=None)
        few = self.statements(acme, now, 60)

        many = self.statements(acme, now, 900)

        assert many <= few, "the people of the second batch are in the book already"
        assert few <= 30
