"""The people and groups who get a tenant's reports without an account. Pages, the platform file and the API call the same functions.

addresses.py says what an address may be and which domains a tenant sends to; people.py and groups.py change the book; stopped.py knows
whom nothing is sent to; listing.py is the book as it is read. A list from a file is read by lists.py, judged and saved by upload.py.
"""

from reports.address_book.addresses import is_allowed, refuse_foreign_domain

__all__ = ["is_allowed", "refuse_foreign_domain"]
