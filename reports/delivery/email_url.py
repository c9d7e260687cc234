"""EMAIL_URL: how mail leaves, read strictly. What is wrong stops the start with a sentence that never repeats the password.

smtp://user:password@mail.example:587?from=reports@mail.example&rate=14
smtps://…:465?from=…      ses://?from=…&region=eu-west-1&configuration_set=reports      file:///var/mail/out?from=…
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

SCHEMES = ("smtp", "smtps", "ses", "file")
PORTS = {"smtp": 587, "smtps": 465}
COMMON = {"from", "rate"}
KEYS = {
    "smtp": COMMON | {"starttls", "bounces"},
    "smtps": COMMON | {"bounces"},
    "ses": COMMON | {"region", "configuration_set"},
    "file": COMMON,
}
DEFAULT_RATE, SLOWEST, FASTEST = 10.0, 0.1, 1000.0
LOOPBACK: set[str] = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True)
class EmailSetup:
    scheme: str
    # The address that all mail comes from; letters add a name to it.
    sender: str
    # Mails a second, of all hosts together.
    rate: float
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = field(default="", repr=False)
    starttls: bool = False
    # Where returned mail goes, as bounces+<id>@…; empty: to the sender.
    bounces: str = ""
    region: str = ""
    configuration_set: str = ""
    folder: str = ""

    @property
    def where(self) -> str:
        """For people, without a secret."""
        return {"ses": f"Amazon SES in {self.region or settings.AWS_REGION}", "file": self.folder}.get(
            self.scheme, f"{self.host}:{self.port}"
        )


def setup() -> EmailSetup | None:
    """None: email is not set up, and nothing is sent."""
    return read(settings.EMAIL_URL)


def read(url: str) -> EmailSetup | None:
    """Raises ImproperlyConfigured."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise _wrong("is not a URL") from None
    scheme, given = parts.scheme, dict(pairs)
    if scheme not in SCHEMES:
        raise _wrong(f"does not begin with {', '.join(f'{name}://' for name in SCHEMES)}")
    unknown = sorted(given.keys() - KEYS[scheme])
    if unknown or len(given) != len(pairs) or parts.fragment:
        raise _wrong(
            f"has {unknown[0] if unknown else 'something twice, or a #'}, which {scheme}:// does not know; known: {_known(scheme)}"
        )
    sender = _address(given, "from")
    if not sender:
        raise _wrong("does not say whom mail comes from: add ?from=reports@mail.example")
    rate = _rate(given)
    if scheme == "file":
        if parts.netloc or parts.path in ("", "/"):
            raise _wrong("names no folder: file:///var/mail/out")
        return EmailSetup(scheme, sender, rate, folder=unquote(parts.path))
    if scheme == "ses":
        if parts.netloc or parts.path.strip("/"):
            raise _wrong("names a host, and ses:// has none; credentials come by boto3's usual chain")
        return EmailSetup(scheme, sender, rate, region=given.get("region", ""), configuration_set=given.get("configuration_set", ""))
    if not parts.hostname or parts.path.strip("/"):
        raise _wrong("names no host, or a path beside it")
    if bool(parts.username) != bool(parts.password):
        raise _wrong("has a user without a password, or a password without a user")
    return EmailSetup(
        scheme,
        sender,
        rate,
        host=parts.hostname,
        port=port or PORTS[scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        # A password, or a report's link, does not travel in the clear because a word was forgotten.
        starttls=scheme == "smtp" and _yes(given.get("starttls", "0" if parts.hostname in LOOPBACK else "1")),
        bounces=_address(given, "bounces"),
    )


def _rate(given: dict[str, str]) -> float:
    try:
        rate = float(given.get("rate", DEFAULT_RATE))
    except ValueError:
        rate = 0.0
    if not SLOWEST <= rate <= FASTEST:
        raise _wrong(f"has a rate that is not a number of mails a second from {SLOWEST} to {FASTEST:.0f}")
    return rate


def _address(given: dict[str, str], key: str) -> str:
    address = given.get(key, "")
    if address or key in given:
        try:
            validate_email(address)
        except ValidationError:
            raise _wrong(f"has a {key} that is not an email address") from None
    return address


def _yes(text: str) -> bool:
    if text not in ("0", "1"):
        raise _wrong("has a starttls that is neither 0 nor 1")
    return text == "1"


def _known(scheme: str) -> str:
    return ", ".join(sorted(KEYS[scheme]))


def _wrong(what: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"EMAIL_URL {what}. See .env.example.")
