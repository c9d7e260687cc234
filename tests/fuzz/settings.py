"""The product's settings, and an application that raises what a fuzzer would run into."""

from __future__ import annotations

from portal import settings as product

globals().update({name: value for name, value in vars(product).items() if name.isupper()})
INSTALLED_APPS = [*product.INSTALLED_APPS, "tests.fuzz"]
