"""API v1 against its own document: schemathesis makes requests of it, those that fit and those that do not, and holds every answer to it."""
