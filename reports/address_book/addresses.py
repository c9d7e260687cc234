"""What an address of a recipient may be: one spelling for one mailbox, and a domain that the tenant sends to."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.encoding import punycode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.refused import Place, Refused
from tenants.models import Tenant

MAX_LENGTH = 254
ANY_SUBDOMAIN = "*."
NO_ADDRESS = gettext_lazy("This is no email address. It needs a name, an @ and a domain, such as anna@customer.example.")
# Without the validator's exception for localhost: a mail to there goes nowhere.
_is_address = EmailValidator(allowlist=[])


def clean_address(text: str) -> str:
    """In lower case and with its domain in ASCII, as mail servers see it. Raises Refused("bad_address") with the place `email`."""
    address = text.strip().lower()
    mailbox, at, domain = address.rpartition("@")
    fault = _fault(mailbox, at, domain)
    if not fault:
        address = f"{mailbox}@{_in_ascii(domain)}"
        fault = _fault_of_whole(address)
    if fault:
        raise Refused("bad_address", fault, (Place(("email",), "invalid", fault),))
    return address


def _fault(mailbox: str, at: str, domain: str) -> str:
    """What people get wrong most, told as what to do about it."""
    if not (mailbox or at or domain):
        return _("An email address is needed.")
    if not at or not mailbox or not domain:
        return str(NO_ADDRESS)
    if "." not in domain:
        return _("The address has no ending. Add the part after the dot, such as .example.")
    if not mailbox.isascii():
        return _("The part before the @ has a letter that mail servers do not take everywhere. Ask for the address without accents.")
    return ""


def _fault_of_whole(address: str) -> str:
    if len(address) > MAX_LENGTH:
        return _("This address is longer than %(limit)d characters.") % {"limit": MAX_LENGTH}
    try:
        _is_address(address)
    except ValidationError:
        return str(NO_ADDRESS)
    if not address.isascii():
        return str(NO_ADDRESS)
    # The standard's quoted names and bare IP addresses: no mailbox of a person has them, and a quoted name may hold anything.
    if '"' in address or "[" in address:
        return _("Addresses with quotation marks or an IP address are not taken.")
    return ""


def _in_ascii(domain: str) -> str:
    """As it was, if it cannot be written in ASCII: the check of the whole says what is wrong then."""
    try:
        return punycode(domain).lower()
    except UnicodeError:
        return domain


def is_allowed(tenant: Tenant, email: str) -> bool:
    """Whether the tenant's reports may go there. `customer.example` in its list is that domain alone, `*.customer.example` all below it."""
    domain = email.rpartition("@")[2].lower()
    return not tenant.recipient_domains or any(_covers(entry.lower(), domain) for entry in tenant.recipient_domains)


def _covers(entry: str, domain: str) -> bool:
    if entry.startswith(ANY_SUBDOMAIN):
        return domain.endswith(entry.removeprefix("*"))
    return domain == entry


def refuse_foreign_domain(tenant: Tenant, email: str) -> None:
    """Raises Refused("domain_not_allowed") with the place `email`, naming the domain and those that are allowed."""
    if is_allowed(tenant, email):
        return
    names = {"domain": email.rpartition("@")[2], "allowed": ", ".join(sorted(tenant.recipient_domains))}
    detail = _("Reports may not go to %(domain)s. Your company sends to %(allowed)s.") % names
    raise Refused("domain_not_allowed", detail, (Place(("email",), "domain_not_allowed", detail),))
