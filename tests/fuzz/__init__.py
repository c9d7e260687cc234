"""API v1 against its own document: schemathesis makes requests that fit it and some that do not, and holds every answer to it."""
