"""`/jobs/{id}/proof/`: how each file of a job was made, and who got it."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from reports import proof
from reports.api.v1.fields import Instant, Values
from reports.api.v1.view import V1View
from reports.models import SnapshotFile, SnapshotJob
from tenants.audit import record


class ProofCompany(serializers.Serializer[object]):
    slug = serializers.CharField()
    name = serializers.CharField()


class ProofFile(serializers.Serializer[object]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    format = serializers.CharField()
    size_bytes = serializers.IntegerField()
    sha256 = serializers.CharField(help_text="Hexadecimal, of the bytes that were checked.")
    pages = serializers.IntegerField(allow_null=True)
    data_rows = serializers.IntegerField(allow_null=True)
    version_id = serializers.CharField(allow_null=True)
    checked_at = Instant()
    removed_at = Instant(allow_null=True)


class ProofRun(serializers.Serializer[object]):
    job = serializers.UUIDField()
    report = serializers.CharField()
    trigger = serializers.CharField()
    started_by = serializers.CharField()
    snapshot_job_id = serializers.UUIDField()
    attempt = serializers.IntegerField()
    attempts = serializers.IntegerField()
    dashboard = serializers.CharField()
    dashboard_version = serializers.IntegerField(allow_null=True)
    sheet = serializers.CharField()
    accepted_at = Instant(allow_null=True)


class ProofParameter(serializers.Serializer[object]):
    name = serializers.CharField()
    type = serializers.CharField()
    values = Values()


class ProofDataSet(serializers.Serializer[object]):
    id = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    rule_enabled = serializers.BooleanField()
    tag_keys = serializers.ListField(child=serializers.CharField())
    matched = serializers.ListField(child=serializers.CharField())
    same_for_everyone = serializers.BooleanField()


class ProofDelivery(serializers.Serializer[object]):
    to = serializers.CharField()
    channel = serializers.CharField()
    status = serializers.CharField()
    sent_at = Instant(allow_null=True)


class ProofLink(serializers.Serializer[object]):
    reference = serializers.CharField()
    vars()["for"] = serializers.CharField(allow_null=True)
    made_at = Instant()
    revoked_at = Instant(allow_null=True)


class ProofDownload(serializers.Serializer[object]):
    at = Instant()
    by = serializers.CharField()
    link = serializers.CharField(allow_null=True)
    ip = serializers.CharField(allow_null=True)
    vars()["with"] = serializers.CharField(allow_blank=True)


class ProofOut(serializers.Serializer[object]):
    format = serializers.CharField()
    made_at = Instant()
    company = ProofCompany()
    verdict = serializers.ChoiceField(choices=[proof.HELD, proof.SAME, proof.UNKNOWN, proof.OPEN])
    file = ProofFile()
    run = ProofRun()
    session_tags = serializers.DictField(child=serializers.CharField())
    tag_faults = serializers.ListField(child=serializers.CharField())
    parameters = ProofParameter(many=True)
    rules_read_at = Instant(allow_null=True)
    data_sets = ProofDataSet(many=True)
    deliveries = ProofDelivery(many=True)
    links = ProofLink(many=True)
    downloads = ProofDownload(many=True)
    not_listed = serializers.DictField(child=serializers.IntegerField(), help_text="How many more there are of each list.")


class ProofsOut(serializers.Serializer[object]):
    files = ProofOut(many=True)


class JobProof(V1View):
    scopes = {"GET": "proof:read"}

    @extend_schema(operation_id="job_proof", responses=ProofsOut)
    def get(self, request: Request, job: str) -> Response:
        """How a job's files were made, and who got them.

        Shows the values of session tags. Each call is in the audit trail.
        """
        now = timezone.now()
        with self.caller.scope():
            found = self.get_object(SnapshotJob.objects.for_tenant(self.caller.tenant).visible(), job)
            rows = SnapshotFile.objects.for_tenant(self.caller.tenant).filter(job=found)
            files = [proof.as_json(proof.gather(file), now) for file in rows.select_related("job__report", "job__tenant", "attempt")]
            record(self.caller.actor, "proof.viewed", now=now, tenant=self.caller.tenant, about=found)
        return Response({"files": files})
