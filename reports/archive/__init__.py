"""The archive of an end customer, who has no account: all that was mailed to one address in one company, for who can read its mail.

signing_in.py mails the way in and opens it once, listing.py has what was sent. Files are had by the link of each mail, with its own rules.
"""

from reports.archive.listing import KEPT, Row, drawn, matching, rows_of, sent_to
from reports.archive.signing_in import LIFE, ask, close, current, find, find_sent, for_notice, open_visit

__all__ = [
    "KEPT",
    "LIFE",
    "Row",
    "ask",
    "close",
    "current",
    "drawn",
    "find",
    "find_sent",
    "for_notice",
    "matching",
    "open_visit",
    "rows_of",
    "sent_to",
]
