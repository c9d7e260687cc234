"""Whether traces are wanted, and where they go: by OpenTelemetry's own variables, so that they mean here what they mean everywhere."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured

from portal.env import env_bool, env_str, env_url

SPOKEN = "http/protobuf"
URLS = ("http", "https")


def endpoint() -> str:
    """The collector's address for traces; empty: nobody wants any. Others of these variables are read by the library itself."""
    found = _named()
    if not found or env_bool("OTEL_SDK_DISABLED", False) or env_str("OTEL_TRACES_EXPORTER", "") == "none":
        return ""
    protocol = env_str("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "") or env_str("OTEL_EXPORTER_OTLP_PROTOCOL", "")
    if protocol not in ("", SPOKEN):
        raise ImproperlyConfigured(f"Traces are sent by {SPOKEN} alone; OTEL_EXPORTER_OTLP_PROTOCOL says {protocol!r}.")
    return found


def _named() -> str:
    """The one for traces is the whole address, the one for all signals its beginning (OTLP exporter specification)."""
    if env_url("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "", schemes=URLS):
        return env_str("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").strip()
    base = env_url("OTEL_EXPORTER_OTLP_ENDPOINT", "", schemes=URLS)
    return f"{base}/v1/traces" if base else ""
