"""The platform as a file: what `manage.py apply` reads, checks and brings about. docs/platform-file.md describes its keys."""
