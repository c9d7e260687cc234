"""What the demo is made of: its platform file, its sign-ins, and the environment that points the product at the pretend world."""

from __future__ import annotations

import shlex
import time
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from portal.local import state_dir
from portal.local.aws.options import ACCESS_KEY, ACCOUNT, EVENT_QUEUE, SECRET_KEY

PLATFORM_FILE = Path(__file__).with_name("demo.toml")
REPORT = "daily-calls"
TENANTS = {"acme": "Acme Hotels", "globex": "Globex Airlines"}
BUCKET = "fanfold-reports"
REGION = "us-east-1"
JOB_SECONDS = 2.0
EVENT_DELAY = 0.3  # seconds after a file was written; the real ones take about a second
WEB_PORT = 8000
AWS_PORT = 4566
MAILBOX_PORT = 8025
MAIL_PORT = 1025
SENDER = "reports@anycompany.example"
# The one that shows within a minute that reports come by themselves.
EACH_MINUTE = "every-minute"

# Known to everybody, and good for nothing but the pretend world on this machine.
PASSWORD = "fanfold-demo"
SIGN_INS = {
    "owner@acme.example": "Acme Hotels, owner",
    "viewer@acme.example": "Acme Hotels, viewer",
    "owner@globex.example": "Globex Airlines, owner",
    "ops@anycompany.example": "AnyCompany, platform staff: imports dashboards",
    "ines@anycompany.example": "AnyCompany, platform staff: the second name",
}
API_KEYS = {"acme": "demo-key-of-acme-not-a-secret-0001", "globex": "demo-key-of-globex-not-a-secret-0002"}

# Settings and credentials that a shell may hold for another purpose. With them the demo would fill somebody's real database.
OTHERS = {
    "ALLOWED_HOSTS", "CACHE_URL", "DEBUG", "DJANGO_SETTINGS_MODULE", "EMAIL_URL", "GUNICORN_CMD_ARGS", "METRICS_TOKEN",
    "S3_PUBLIC_ENDPOINT_URL", "TRUSTED_PROXY_HOPS",
}  # fmt: skip
# PG: libpq's own names, of which PGHOSTADDR leads elsewhere even if the host is given.
OTHERS_BEGIN = ("AWS_", "DATABASE_", "PG", "PORTAL_", "SECRET_KEY")


def not_ours(given: Iterable[str]) -> list[str]:
    """The names among these of which the demo takes no notice."""
    return sorted(name for name in given if name != "PORTAL_STATE_DIR" and (name in OTHERS or name.startswith(OTHERS_BEGIN)))


def folder(tenant: str) -> Path:
    """Where the demo saves what it downloads for a tenant."""
    return state_dir() / "demo" / tenant


def mail_folder() -> Path:
    return state_dir() / "mail"


def email_url(mail: str) -> str:
    """`mail` is the address of the mail server, as http://host:port."""
    return f"smtp://{urlsplit(mail).netloc}?{urlencode({'from': SENDER})}"


def recipients() -> dict[str, dict[str, str]]:
    """For each tenant who gets the report of each minute: addresses, and for each the audience's name; empty: all of the tenant's rows."""
    found: dict[str, dict[str, str]] = {}
    for tenant in tomllib.loads(PLATFORM_FILE.read_text())["tenant"]:
        (schedule,) = (schedule for schedule in tenant["schedule"] if schedule["slug"] == EACH_MINUTE)
        own = {recipient["email"]: "" for recipient in schedule["recipient"]}
        narrowed = {email: audience["name"] for audience in schedule["audience"] for email in audience["recipients"]}
        found[tenant["slug"]] = own | narrowed
    return found


def environment(given: Mapping[str, str], address: str, aws: str, mail: str = "") -> dict[str, str]:
    """For the product's processes. The developer's own databases, settings, AWS profile and keys stay out, and so does a proxy."""
    # Six Python processes start at once: without compiled files each compiles everything for itself.
    left_out = {*not_ours(given), "PYTHONDONTWRITEBYTECODE"}
    kept = {name: value for name, value in given.items() if name not in left_out}
    return kept | own_settings(address, aws, mail, unproxied=given.get("NO_PROXY") or given.get("no_proxy") or "")


def own_settings(address: str, aws: str, mail: str = "", *, unproxied: str = "") -> dict[str, str]:
    """What the demo sets, whatever else there is. `mail` is an EMAIL_URL; empty: no mail is sent."""
    unproxied = ",".join(filter(None, [unproxied, "127.0.0.1,localhost"]))
    return {
        **{f"AWS_ENDPOINT_URL_{service}": aws for service in ("QUICKSIGHT", "S3", "SESV2", "SQS", "STS")},
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "EMAIL_URL": mail,
        "NO_PROXY": unproxied,
        "no_proxy": unproxied,
        "PORTAL_AWS_ACCOUNT": ACCOUNT,
        "PORTAL_BASE_URL": address,
        "PORTAL_BUCKET": BUCKET,
        "PORTAL_EVENT_QUEUE_URL": f"{aws}/{ACCOUNT}/{EVENT_QUEUE}",
        # So that a receiver on this machine can be tried.
        "PORTAL_OUTBOUND_ALLOW": "127.0.0.1,localhost",
        "PORTAL_PLATFORM_NAME": "AnyCompany",
        "PORTAL_SUPPORT_EMAIL": "support@anycompany.example",
        "PORTAL_STATE_DIR": str(state_dir()),
        "PYTHONUNBUFFERED": "1",
        "S3_PUBLIC_ENDPOINT_URL": aws,
    }


def shell_file() -> Path:
    """For commands beside the demo: `. .local/demo.env` in a shell."""
    return state_dir() / "demo.env"


def write_shell_file(address: str, aws: str, mail: str) -> None:
    lines = (f"export {name}={shlex.quote(value)}\n" for name, value in own_settings(address, aws, mail).items())
    shell_file().write_text("# Written by `make demo`: the settings of its processes, for commands beside it.\n" + "".join(lines))


def secrets() -> dict[str, str]:
    """What the platform file names by `password_env` and `secret_env`."""
    return {"DEMO_PASSWORD": PASSWORD} | {f"DEMO_{tenant.upper()}_API_KEY": key for tenant, key in API_KEYS.items()}


def line(began: float, text: str) -> str:
    """One step in the terminal, with the seconds since the demo began."""
    return f"{time.time() - began:5.1f} s  {text}"
