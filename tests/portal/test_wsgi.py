"""What happens to a request before Django sees it."""

from __future__ import annotations

import importlib
import io

import pytest

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def application(transactional_db: None):
    """Connects when it is imported."""
    return importlib.import_module("portal.wsgi").application


@pytest.mark.parametrize("charset", ["hex", "rot13", "idna", "undefined", "utf-7", "no-such"])
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_form_in_an_odd_charset_is_read_as_utf8_and_answered(charset, kind, application):
    statuses = []
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/accounts/login/",
        "QUERY_STRING": "next=/t/acme/",
        "CONTENT_TYPE": f"{kind}; charset={charset}",
        "CONTENT_LENGTH": "7",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.input": io.BytesIO(b"login=a"),
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http",
    }

    b"".join(application(environ, lambda status, headers: statuses.append(status)))

    # Without the form's token: refused as forged, by a view that could read it.
    assert statuses[0].startswith("403")
