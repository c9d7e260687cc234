"""Addresses below /api/: with and without a last slash, never a redirect, which would turn a POST into a GET."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, re_path

from reports.api.v1.authentication import check_authenticators
from reports.api.v1.me import Me
from reports.api.v1.proof import JobProof
from reports.api.v1.schema import Document
from reports.api.v1.view import Unknown

# A wrong PORTAL_API_AUTHENTICATORS stops the start, not the first caller.
check_authenticators()
urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^v1/me/?\Z", Me.as_view(), name="v1_me"),
    re_path(r"^v1/jobs/(?P<job>[^/]+)/proof/?\Z", JobProof.as_view(), name="v1_job_proof"),
    re_path(r"^schema/?\Z", Document.as_view(), name="api_schema"),
    re_path(r"^", Unknown.as_view(), name="v1_unknown"),
]
