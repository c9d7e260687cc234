"""Users named in the file, and [[staff]]. Users are of no tenant: all of this works outside any scope."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from portal.platform_file.reading import Entry
from portal.platform_file.run import Run
from tenants.models import User


def find_or_create(entry: Entry, run: Run) -> User | None:
    """The user with the entry's address. A new one gets the password of `password_env`; without that key nobody is created."""
    user = User.objects.filter(email__iexact=entry.label).first()
    if user is not None or "password_env" not in entry.values:
        return user
    password = run.secret(entry, "password_env")
    if password is None:
        return None
    try:
        validate_password(password, User(email=entry.label))
    except ValidationError as error:
        entry.fault("password_env", " ".join(error.messages))
        return None
    user = User.objects.create_user(entry.label, password)
    run.changes.added("user", user.email, user, {"email": user.email})
    return user


def apply_staff(entry: Entry, run: Run) -> None:
    if entry.absent:
        user = User.objects.filter(email__iexact=entry.label, is_staff=True).first()
        if user is not None:
            _set_staff(user, False, run)
        return
    user = find_or_create(entry, run)
    if user is None:
        if "password_env" not in entry.values | dict.fromkeys(entry.bad):
            entry.fault("password_env", _("is needed: there is no user with this address yet."))
    elif not user.is_staff:
        _set_staff(user, True, run)


def _set_staff(user: User, is_staff: bool, run: Run) -> None:
    user.is_staff = is_staff
    user.save(update_fields=["is_staff"])
    if is_staff:
        run.changes.added("staff", user.email, user, {"is_staff": True})
    else:
        run.changes.removed("staff", user.email, user, {"is_staff": True})
