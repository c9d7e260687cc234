"""What the list of a person's sessions knows of one, an address among it, goes with it: when it ends, runs out, or gets another key."""

from django.db import migrations

from tenants.rls import run

LEAVES_NO_ROW = (
    """create function remove_row_of_session() returns trigger language plpgsql as $$
       begin
         delete from usersessions_usersession where session_key = old.session_key;
         return null;
       end $$""",
    """create trigger session_leaves_no_row after delete on django_session
       for each row execute function remove_row_of_session()""",
)


class Migration(migrations.Migration):
    dependencies = [("tenants", "0009_tags_filled")]

    operations = [run(*LEAVES_NO_ROW)]
