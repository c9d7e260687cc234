"""Calls to hosts that a company named: the one way out to them. Public addresses alone, or what the operator allows.

`posting.check_url` when somebody names an address, `posting.post` for each call, `addresses.checked` for what speaks another protocol.
The operator's own addresses (PORTAL_ALERT_WEBHOOK, mail servers, AWS) are no company's choice and have doors of their own.
"""
