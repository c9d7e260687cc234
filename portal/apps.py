from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.db.backends.signals import connection_created

from tenants import roles


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        from portal.checks import check_database_login, refuse_unsafe_login

        checks.register(checks.Tags.database)(check_database_login)
        if settings.DATABASE_LOGIN != roles.OWNER:
            connection_created.connect(refuse_unsafe_login, dispatch_uid="refuse unsafe login")
