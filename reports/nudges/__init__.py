"""Mails that nobody waits for: reminders of what was not opened, receipts of what was, and the owners' week."""
