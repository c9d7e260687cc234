"""The page that imports a dashboard: its form, and where a draft stands. portal/views/staff_imports.py shows it."""
