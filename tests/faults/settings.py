"""The product's settings, and an application that sets traps."""

from __future__ import annotations

from portal import settings as product

globals().update({name: value for name, value in vars(product).items() if name.isupper()})
INSTALLED_APPS = [*product.INSTALLED_APPS, "tests.faults"]
