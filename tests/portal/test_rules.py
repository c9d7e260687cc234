"""An address that nobody has a rule for stops the start."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.urls import get_resolver, include, path
from rest_framework.response import Response

from portal.pages import tenant_page
from portal.rules import OPEN, require_rules
from reports.api.tenant_view import TenantView
from tests.pretend_aws import ROOT


def bare(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


@tenant_page("reports.burn")
def unknown_action(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


class WithoutScope(TenantView):
    scopes = {"GET": "jobs:read"}

    def get(self, request):
        return Response({})

    def delete(self, request):
        return Response({})


class UnknownScope(TenantView):
    scopes = {"GET": "jobs:burn"}

    def get(self, request):
        return Response({})


@pytest.mark.parametrize(
    ("view", "said"),
    [
        (bare, "no action, no scopes"),
        (unknown_action, "'reports.burn' is in no table"),
        (WithoutScope.as_view(), "DELETE of WithoutScope without a scope"),
        (UnknownScope.as_view(), "needs jobs:burn, which no key can have"),
    ],
)
def test_an_address_without_a_rule_is_refused_by_name(view, said):
    patterns = [path("t/<slug:slug>/", include([path("new-page/", view)]))]

    with pytest.raises(ImproperlyConfigured, match="t/<slug:slug>/new-page/") as refusal:
        require_rules(patterns)

    assert said in str(refusal.value)


def test_every_open_address_is_still_there():
    names = {pattern.name for pattern in _patterns(get_resolver().url_patterns)}

    assert set(OPEN) - names == set()


def test_neither_a_web_process_nor_a_command_starts_with_such_an_address(database_env, tmp_path):
    (tmp_path / "spoiled_urls.py").write_text(
        "from django.http import HttpResponse\nfrom django.urls import path\n"
        "from portal import urls\nfrom portal.rules import require_rules\n"
        "urlpatterns = [*urls.urlpatterns, path('new-page/', lambda request: HttpResponse())]\nrequire_rules(urlpatterns)\n"
    )
    (tmp_path / "spoiled.py").write_text("from portal.settings import *\nROOT_URLCONF = 'spoiled_urls'\n")
    environment = os.environ | database_env | {"DJANGO_SETTINGS_MODULE": "spoiled", "PYTHONPATH": f"{tmp_path}:{ROOT}"}

    starts = {
        "web": [sys.executable, "-c", "import portal.wsgi"],
        "command": [sys.executable, "manage.py", "check"],
    }
    ended = {
        name: subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        for name, command in starts.items()
    }

    assert {name: done.returncode for name, done in ended.items()} == {"web": 1, "command": 1}
    assert all("new-page/: no action" in done.stderr for done in ended.values())


def _patterns(patterns):
    for pattern in patterns:
        yield from _patterns(pattern.url_patterns) if hasattr(pattern, "url_patterns") else [pattern]
