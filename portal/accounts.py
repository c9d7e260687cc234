"""How django-allauth asks who somebody is, where it would do it in another way than the portal does."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context

from portal.reauthentication import is_recent
from tenants.models import User


class AccountAdapter(DefaultAccountAdapter):
    def is_reauthentication_required(self, *, app: str) -> bool:
        """The library takes only a second password for one; here signing in counts as well."""
        return not is_recent(context.request)

    def reauthenticate(self, user: User, password: str) -> bool:
        """The library looks for an address in a table of its own, which the portal does not use."""
        return bool(user.check_password(password))
