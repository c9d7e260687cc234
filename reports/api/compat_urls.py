"""Addresses of the older API, to be included at the root: with and without a stage, in both spellings, with and without a last slash."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, re_path

from reports.api import compat

BASE = r"^(?:(?:Prod|dev)/)?(?:qs-anonymous-snapshot|qs_anonymous_snapshot)"
JOB = r"/(?P<dashboard_id>[^/]+)/(?P<job_id>[^/]+)/?\Z"

urlpatterns: list[URLPattern | URLResolver] = [
    re_path(BASE + r"/?\Z", compat.Base.as_view(), name="compat"),
    re_path(BASE + "/describe_job" + JOB, compat.Describe.as_view(), name="compat_describe"),
    re_path(BASE + "/describe_job_result" + JOB, compat.DescribeResult.as_view(), name="compat_result"),
    re_path(BASE + "/download_output" + JOB, compat.Download.as_view(), name="compat_download"),
    re_path(BASE + r"/(?P<dashboard_id>[^/]+)/?\Z", compat.ListOfDashboard.as_view(), name="compat_list"),
    re_path(BASE + JOB, compat.Delete.as_view(), name="compat_delete"),
    re_path(BASE + "/", compat.UnknownRoute.as_view(), name="compat_unknown"),
]
