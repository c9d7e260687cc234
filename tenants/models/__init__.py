from tenants.models.audit import AuditEvent
from tenants.models.keys import ApiKey, ApiKeyIndex
from tenants.models.members import Invitation, Membership
from tenants.models.support import SupportVisit
from tenants.models.tenant import SessionTag, Tenant, TenantCode, TenantLogo
from tenants.models.user import User

__all__ = [
    "ApiKey",
    "ApiKeyIndex",
    "AuditEvent",
    "Invitation",
    "Membership",
    "SessionTag",
    "SupportVisit",
    "Tenant",
    "TenantCode",
    "TenantLogo",
    "User",
]
