"""Draws a job's files and puts them into S3, off the request path; also the ways a result can be wrong."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol
from urllib.parse import quote

from portal.local.aws.catalogue import Catalogue
from portal.local.aws.documents import IncompleteTags, View, given_parameters
from portal.local.aws.jobs import Job, Jobs
from portal.local.aws.render_csv import Dialect
from portal.local.aws.rendering import CONTENT_TYPE, SUFFIX, render_file
from portal.local.aws.switches import Switches

OWN_BUCKET = "quicksight-managed-exports"  # for jobs that name no destination
Group = dict[str, Any]


class BucketUnusable(Exception):
    """The destination does not exist, or QuickSight may not write there."""


class Objects(Protocol):
    def has_bucket(self, name: str) -> bool: ...
    def put(self, bucket: str, key: str, data: bytes, content_type: str) -> None: ...


class Hearers(Protocol):
    def written(self, job: Job, bucket: str, key: str) -> None: ...


class Delivery:
    """Two threads draw: more would only fight for the same interpreter."""

    def __init__(
        self,
        jobs: Jobs,
        catalogue: Catalogue,
        switches: Switches,
        objects: Objects,
        sign: Callable[[str, str], str],
        hearers: Hearers,
    ) -> None:
        self._jobs, self._catalogue, self._switches = jobs, catalogue, switches
        self._objects, self._sign, self._hearers = objects, sign, hearers
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="draw")

    def submit(self, job: Job) -> None:
        # A pool keeps exceptions to itself; asking for the result has a surprise logged.
        self._pool.submit(self._draw, job).add_done_callback(Future.result)

    def check_bucket(self, request: dict[str, Any]) -> None:
        bucket, _ = place(request)
        if not self._objects.has_bucket(bucket):
            raise BucketUnusable(f"The bucket {bucket} does not exist.")
        if bucket in self._switches.unwritable_buckets:
            raise BucketUnusable(f"QuickSight has no permission to write to the bucket {bucket}.")

    def stop(self) -> None:
        """What is not drawn yet is drawn after the next start."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _draw(self, job: Job) -> None:
        groups: list[Group] = []
        error: dict[str, str] | None = {"ErrorType": "INTERNAL_FAILURE", "ErrorMessage": "The snapshot could not be generated."}
        try:
            if job.fault and job.fault.kind == "failed":
                error = {"ErrorType": job.fault.error_type, "ErrorMessage": job.fault.message}
            else:
                self.check_bucket(job.request)
                groups, error = self._groups(job), None
        except BucketUnusable as unusable:
            error = {"ErrorType": "S3_ERROR", "ErrorMessage": str(unusable)}
        except IncompleteTags as incomplete:
            error = {"ErrorType": "RLS_TAGS_INCOMPLETE", "ErrorMessage": str(incomplete)}
        finally:
            self._jobs.drawn(job, groups, error)

    def _groups(self, job: Job) -> list[Group]:
        configuration = job.request["SnapshotConfiguration"]
        dashboard = self._catalogue.dashboards[job.dashboard_id]
        view = View(
            self._catalogue,
            dashboard,
            job.tags,
            given_parameters(configuration.get("Parameters", {}), dashboard),
            small=self._switches.small_files,
            widest_group_wins=self._switches.widest_group_wins,
            incomplete_tags=self._switches.incomplete_tags,
        )
        requested = [group["Files"][0] for group in configuration["FileGroups"]]
        groups = [self._group(job, view, file, is_last=file is requested[-1]) for file in requested]
        return misnamed(groups, job.fault.kind if job.fault else "")

    def _group(self, job: Job, view: View, requested: dict[str, Any], *, is_last: bool) -> Group:
        destinations = _destinations(job.request)
        result: dict[str, Any] = {"S3DestinationConfiguration": destinations[0]} if destinations else {}
        variant = job.fault.kind if job.fault else ""
        if variant == "one_group_failed" and is_last:
            result["ErrorInfo"] = [{"ErrorType": "CAPABILITY_RESTRICTED", "ErrorMessage": "Export is restricted."}]
            return {"Files": [requested], "S3Results": [result]}
        bucket, prefix = place(job.request)
        if self._switches.join_with_slash and prefix and not prefix.endswith("/"):
            prefix += "/"
        key = f"{prefix}{self._name(view)}{SUFFIX[requested['FormatType']]}"
        key = f"elsewhere/{key}" if variant == "foreign_prefix" else key
        if variant != "missing_object":
            data = damaged(render_file(view, requested, self._dialect()), variant)
            self._objects.put(bucket, key, data, CONTENT_TYPE[requested["FormatType"]])
            self._hearers.written(job, bucket, key)
        if variant != "no_uri":
            result["S3Uri"] = self._uri(bucket, key, variant, has_destination=bool(destinations))
        return {"Files": [requested], "S3Results": [result]}

    def _name(self, view: View) -> str:
        unique = uuid.uuid4().hex[:12]
        return f"{view.dashboard.id}-{unique}" if self._switches.plain_names else f"{view.dashboard.name} é {unique}"

    def _dialect(self) -> Dialect:
        return Dialect(self._switches.csv_separator, bom=self._switches.csv_bom, header=self._switches.csv_header)

    def _uri(self, bucket: str, key: str, variant: str, *, has_destination: bool) -> str:
        if variant == "https_uri" or not has_destination:
            return self._sign(bucket, key)
        bucket = "somebody-elses-bucket" if variant == "foreign_bucket" else bucket
        encode = self._switches.encode_uris or variant == "encoded_key"
        return f"s3://{bucket}/{quote(key) if encode else key}"


def _destinations(request: dict[str, Any]) -> list[dict[str, Any]]:
    return list(request["SnapshotConfiguration"].get("DestinationConfiguration", {}).get("S3Destinations", ()))


def place(request: dict[str, Any]) -> tuple[str, str]:
    destinations = _destinations(request)
    if not destinations:
        return OWN_BUCKET, ""
    configuration = destinations[0]["BucketConfiguration"]
    return configuration["BucketName"], configuration["BucketPrefix"]


def misnamed(groups: list[Group], variant: str) -> list[Group]:
    """Good files under an answer that names one of them twice, or everything in another order than it was asked for."""
    if variant == "named_twice":
        return [*groups, groups[0]]
    if variant == "other_order":
        return [{**group, "Files": [_reversed(file) for file in group["Files"]]} for group in reversed(groups)]
    return groups


def _reversed(file: dict[str, Any]) -> dict[str, Any]:
    selections = [
        {**selection, "VisualIds": selection["VisualIds"][::-1]} if "VisualIds" in selection else selection
        for selection in file["SheetSelections"]
    ]
    return {**file, "SheetSelections": selections}


def damaged(data: bytes, variant: str) -> bytes:
    if variant == "empty_object":
        return b""
    if variant == "wrong_type":
        return b"<!doctype html><title>Sign in</title><p>Your session has ended.</p>"
    if variant == "truncated":
        return data[: len(data) // 2]
    return data
