"""Forms of people's own accounts: the library's, with limits of our own on what can be guessed, and drawn by our fields."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.forms import ChangePasswordForm as LibraryChangePassword
from allauth.account.forms import LoginForm as LibraryLogin
from allauth.account.forms import ReauthenticateForm as LibraryReauthenticate
from allauth.account.forms import ResetPasswordForm as LibraryReset
from allauth.account.forms import ResetPasswordKeyForm as LibraryResetKey
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm as LibraryCode
from allauth.mfa.base.forms import ReauthenticateForm as LibraryCodeAgain
from allauth.mfa.models import Authenticator
from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from portal import account_mails, second_step_codes, sign_in_audit, sign_in_limits
from portal.forms import Renderer
from portal.passwords import LONGEST
from portal.second_step_pending import pending_secret
from tenants.models import User

WRONG_CODE = _("This code is not right, or it was used before. Wait for the next one.")


class Ours:
    """Fields with our words and looks."""

    default_renderer = Renderer
    labels: ClassVar[dict[str, Any]] = {}
    help_texts: ClassVar[dict[str, Any]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():  # type: ignore[attr-defined]
            field.widget.attrs.pop("placeholder", None)
            field.widget.attrs["class"] = "input"
            field.label = self.labels.get(name, field.label)
            field.help_text = self.help_texts.get(name, "")
            if isinstance(field.widget, forms.PasswordInput):
                field.max_length = LONGEST
                field.widget.attrs["maxlength"] = str(LONGEST)


class LoginForm(Ours, LibraryLogin):
    def clean_password(self) -> str:
        """What nobody can have as a password takes long to hash."""
        password: str = self.cleaned_data["password"]
        if len(password) > LONGEST:
            raise ValidationError(_("This is longer than any password here."))
        return password


class ReauthenticateForm(Ours, LibraryReauthenticate):
    labels: ClassVar[dict[str, Any]] = {"password": _("Password")}


class CodeField(forms.CharField):
    def __init__(self, label: Any) -> None:
        widget = forms.TextInput({"class": "input code", "autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True})
        super().__init__(label=label, max_length=20, widget=widget)


class CodeChecking(forms.Form):
    """Needs `self.user`."""

    user: User
    default_renderer = Renderer
    code = CodeField(_("6-digit code, or a recovery code"))

    def clean_code(self) -> str:
        request, code = context.request, str(self.cleaned_data["code"])
        tries = sign_in_limits.of_codes(self.user)
        sign_in_limits.take(request, tries, self.user)
        found = second_step_codes.accepted(self.user, code)
        if found is None:
            sign_in_audit.to(request, self.user, sign_in_audit.CODE_REFUSED)
            raise ValidationError(WRONG_CODE)
        sign_in_limits.give_back(tries)
        if found.type == Authenticator.Type.RECOVERY_CODES:
            sign_in_audit.by(request, self.user, sign_in_audit.CODE_USED)
        self.authenticator = found
        return code


class CodeForm(CodeChecking, LibraryCode):
    code = CodeField(_("6-digit code, or a recovery code"))


class CodeAgainForm(CodeChecking, LibraryCodeAgain):
    code = CodeField(_("6-digit code, or a recovery code"))


class ActivateForm(forms.Form):
    """`secret`: of the app that is set up; new each time the page is opened, the same while codes are tried."""

    default_renderer = Renderer
    code = CodeField(_("6-digit code"))
    step = 0

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.secret = pending_secret(context.request, fresh=not self.is_bound)

    def clean_code(self) -> str:
        code = str(self.cleaned_data["code"])
        tries = sign_in_limits.of_codes(self.user)
        sign_in_limits.take(context.request, tries, self.user)
        step = second_step_codes.step_of(self.secret, code)
        if step is None:
            raise ValidationError(_("This code is not right. Scan the picture once more, and type what the app shows now."))
        sign_in_limits.give_back(tries)
        self.step = step
        return code


class ChangePasswordForm(Ours, LibraryChangePassword):
    labels: ClassVar[dict[str, Any]] = {
        "oldpassword": _("Your password now"),
        "password1": _("New password"),
        "password2": _("New password again"),
    }
    help_texts: ClassVar[dict[str, Any]] = {"password1": _("At least 12 characters; a few words are good.")}

    def clean_oldpassword(self) -> str:
        tries = sign_in_limits.of_password_again(self.user)
        sign_in_limits.take(context.request, tries, self.user)
        password: str = super().clean_oldpassword()
        sign_in_limits.give_back(tries)
        return password


class ResetForm(Ours, LibraryReset):
    labels: ClassVar[dict[str, Any]] = {"email": _("Email")}

    def save(self, request: HttpRequest, **about: Any) -> str:
        """One answer for everybody, and one task to the worker."""
        email: str = self.cleaned_data["email"].lower()
        sign_in_limits.take(request, sign_in_limits.of_reset(request, email), email=email)
        person = self.users[0] if self.users else None
        sign_in_audit.to(request, person, sign_in_audit.RESET_ASKED)
        account_mails.ask_reset(person)
        return email


class ResetKeyForm(Ours, LibraryResetKey):
    labels: ClassVar[dict[str, Any]] = {"password1": _("New password"), "password2": _("New password again")}
    help_texts = ChangePasswordForm.help_texts


class NameForm(forms.ModelForm):
    default_renderer = Renderer

    class Meta:
        model = User
        fields = ("name",)
        labels: ClassVar[dict[str, Any]] = {"name": _("Name")}
        widgets: ClassVar[dict[str, Any]] = {"name": forms.TextInput({"class": "input", "autocomplete": "name"})}
