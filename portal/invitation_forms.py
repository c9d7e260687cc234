"""What an invited person fills in: nothing with an account, a name and a password without one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from portal.forms import Renderer
from tenants.models import User


class AcceptForm(forms.Form):
    default_renderer = Renderer


class NewPersonForm(forms.Form):
    default_renderer = Renderer

    name = forms.CharField(label=_("Your name"), max_length=150, widget=forms.TextInput({"class": "input", "autocomplete": "name"}))
    password = forms.CharField(
        label=_("Password"),
        max_length=1024,
        strip=False,
        help_text=_("At least 12 characters; a few words are good."),
        widget=forms.PasswordInput({"class": "input", "autocomplete": "new-password"}),
    )

    def __init__(self, data: Any = None, *, email: str) -> None:
        super().__init__(data)
        self.email = email

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("password"):
            try:
                validate_password(cleaned["password"], User(email=self.email, name=cleaned.get("name", "")))
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned
