"""Which database this is, by what PostgreSQL knows of itself. Another one than at the last mark is a sign that a backup was restored."""

from __future__ import annotations

from django.db import connection

MAY_ASK = "select has_function_privilege('pg_control_system()', 'execute') and has_function_privilege('pg_control_checkpoint()', 'execute')"
# The first changes with a new cluster, the second with recovery to a point in time and with a promotion, the third with a new database.
ASK = """
select concat_ws('/', (select system_identifier from pg_control_system()), (select timeline_id from pg_control_checkpoint()),
                 (select oid from pg_database where datname = current_database()))
"""
# Some providers let nobody ask.
ASK_LESS = "select 'database/' || oid from pg_database where datname = current_database()"


def identity() -> str:
    """Outside any scope, or in the engine's."""
    with connection.cursor() as cursor:
        cursor.execute(MAY_ASK)
        cursor.execute(ASK if cursor.fetchone()[0] else ASK_LESS)
        return str(cursor.fetchone()[0])
