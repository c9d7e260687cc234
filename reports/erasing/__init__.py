"""Erasing an end customer: rows and objects, with a record that tells how much and nothing of whom.

places.py lists where a person's address may stand. asking.py does it: all rows in one transaction, or none. objects.py removes the files
that were made for that person alone, afterwards, and goes on where it was killed. hashing.py is what may be left of an address.
"""
