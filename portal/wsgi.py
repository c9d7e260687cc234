import os
import re
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from portal.checks import refuse_unsafe_start

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]
CHARSET = re.compile(r";\s*charset=[^;]*", re.IGNORECASE)


def in_utf8(app: Wsgi) -> Wsgi:
    """Reads every body as UTF-8. Django takes any codec Python knows, and fails on those that are none for text, such as hex."""

    def read(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ["CONTENT_TYPE"] = CHARSET.sub("", environ.get("CONTENT_TYPE", ""))
        return app(environ, start_response)

    return read


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
application = in_utf8(get_wsgi_application())
refuse_unsafe_start()
# Reads the addresses now: one without a rule stops the start, not the first visitor.
import_module(settings.ROOT_URLCONF)
