"""Sessions end with the person's account, whoever switches it off, and each of them is in the list that a person sees."""

from django.db import migrations

from tenants.rls import run

# As who does the update: the worker's login and the owner may remove sessions.
END_WITH_THE_PERSON = (
    """create function end_sessions_of_inactive() returns trigger language plpgsql as $$
       begin
         delete from django_session where session_key in (select session_key from usersessions_usersession where user_id = new.id);
         delete from usersessions_usersession where user_id = new.id;
         return null;
       end $$""",
    """create trigger inactive_person_has_no_session after update of is_active on tenants_user
       for each row when (old.is_active and not new.is_active) execute function end_sessions_of_inactive()""",
)


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0006_people"),
        ("sessions", "0001_initial"),
        ("usersessions", "0001_initial"),
    ]

    operations = [
        run(*END_WITH_THE_PERSON),
        # Older ones are in no list, so nothing could end them. Everybody signs in once more.
        run("delete from django_session"),
    ]
