"""The people and groups who get a tenant's reports without an account. Pages, files and the API call the same.

addresses.py says what an address may be, and which domains a tenant sends to.
"""

from reports.address_book.addresses import is_allowed, refuse_foreign_domain

__all__ = ["is_allowed", "refuse_foreign_domain"]
