from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from tenants import key_scopes, key_use, keys
from tenants.audit import Actor
from tenants.key_use import ExpiredKey, RevokedKey
from tenants.models import ApiKey, AuditEvent, Membership
from tenants.scope import tenant_scope
from tests import factories
from tests.tenants.rows import sql

JOBS = ("jobs:read", "jobs:write")
DAY = timedelta(days=1)


def actor(user) -> Actor:
    return Actor(user.email, user_id=user.pk)


def make(tenant, user, *, now, name="data-lake", scopes=JOBS, lasts=keys.USUAL):
    with tenant_scope(tenant):
        return keys.create(tenant, user, actor(user), keys.Wanted(name, scopes, lasts), now=now)


def replace(made, user, *, now, **rest):
    with tenant_scope(made.key.tenant_id):
        return keys.rotate(made.key, user, actor(user), now=now, **rest)


def use(secret, now):
    return key_use.look_up(secret, now, "203.0.113.24")


def audited(tenant):
    with tenant_scope(tenant):
        return list(AuditEvent.objects.filter(tenant=tenant).order_by("at", "pk"))


def test_a_key_is_ours_by_its_looks_and_256_bits_long(acme, adam, now):
    made = make(acme, adam, now=now)

    prefix, code, secret = made.secret.split("_", 2)
    assert (prefix, code, len(secret)) == ("fan", acme.code, 43)
    assert made.key.hint == made.secret[-4:]
    assert made.secret not in repr(made)


def test_only_its_hash_is_kept(acme, adam, now):
    made = make(acme, adam, now=now)

    with tenant_scope(acme):
        kept = str(sql("select to_jsonb(k)::text from tenants_apikey k union all select to_jsonb(e)::text from tenants_auditevent e"))
    assert made.secret not in kept
    assert made.secret.split("_", 2)[2] not in kept


def test_a_key_works_until_its_end(acme, adam, now):
    made = make(acme, adam, now=now, lasts=7 * DAY)

    assert use(made.secret, now + 7 * DAY - timedelta(seconds=1)).key == made.key
    with pytest.raises(ExpiredKey):
        use(made.secret, now + 7 * DAY)


def test_without_a_choice_it_lasts_a_year(acme, adam, now):
    assert make(acme, adam, now=now).key.expires_at == now + 365 * DAY


@pytest.mark.parametrize(
    ("wanted", "about"),
    [
        ({"lasts": 6 * DAY}, "lasts"),
        ({"lasts": 731 * DAY}, "lasts"),
        ({"scopes": ()}, "scopes"),
        ({"scopes": ("jobs:delete",)}, "scopes"),
        ({"scopes": ("proof:read",)}, "scopes"),
        ({"name": ""}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "data\0lake"}, "name"),
    ],
)
def test_what_a_key_cannot_be_is_refused_by_the_place(acme, adam, now, wanted, about):
    with pytest.raises(keys.KeyRefused) as refused:
        make(acme, adam, now=now, **wanted)

    assert refused.value.about == about
    with tenant_scope(acme):
        assert not ApiKey.objects.exists()


def test_viewers_and_strangers_make_none(acme, alice, bob, now):
    for person in (alice, bob):
        with pytest.raises(keys.KeyRefused, match="Only owners and admins"):
            make(acme, person, now=now)


def test_owners_alone_give_the_reading_of_proofs(acme, olga, now):
    made = make(acme, olga, now=now, scopes=("proof:read",))

    assert use(made.secret, now).scopes == {"proof:read"}


def test_a_name_is_one_live_keys_and_free_again_after_its_end(acme, adam, now):
    make(acme, adam, now=now, lasts=7 * DAY)

    with pytest.raises(keys.KeyRefused) as refused:
        make(acme, adam, now=now + DAY)
    later = make(acme, adam, now=now + 7 * DAY)

    assert refused.value.about == "name"
    assert use(later.secret, now + 7 * DAY).key == later.key


def test_after_its_name_was_given_away_an_expired_key_is_still_called_expired(acme, adam, now):
    made = make(acme, adam, now=now, lasts=7 * DAY)
    make(acme, adam, now=now + 8 * DAY)

    with pytest.raises(ExpiredKey):
        use(made.secret, now + 8 * DAY)


def test_what_nobody_has_is_no_key(acme, adam, now):
    make(acme, adam, now=now)

    assert [use(text, now) for text in ("", "short", f"fan_{acme.code}_{'x' * 43}", "x" * 513)] == [None] * 4


def test_the_key_before_goes_on_for_a_week(acme, adam, olga, now):
    first = make(acme, adam, now=now)

    second = replace(first, olga, now=now + DAY)

    assert (second.key.name, second.key.family, second.key.scopes) == (first.key.name, first.key.family, first.key.scopes)
    assert second.key.created_by == olga
    assert use(second.secret, now + DAY).key == second.key
    assert use(first.secret, now + 8 * DAY - timedelta(seconds=1)).key == first.key
    with pytest.raises(ExpiredKey):
        use(first.secret, now + 8 * DAY)


def test_it_never_goes_on_for_longer_than_it_would_have(acme, adam, now):
    first = make(acme, adam, now=now, lasts=7 * DAY)

    replace(first, adam, now=now + 5 * DAY, goes_on=30 * DAY)

    with pytest.raises(ExpiredKey):
        use(first.secret, now + 7 * DAY)


def test_it_can_be_ended_with_the_replacement_and_at_any_time_after(acme, adam, now):
    first, other = make(acme, adam, now=now), make(acme, adam, now=now, name="crm")

    replace(first, adam, now=now, goes_on=timedelta(0))
    replace(other, adam, now=now)
    with tenant_scope(acme):
        keys.revoke(other.key, actor(adam), now=now + DAY)

    with pytest.raises(ExpiredKey):
        use(first.secret, now)
    with pytest.raises(RevokedKey):
        use(other.secret, now + DAY)


def test_two_of_a_family_work_and_never_three(acme, adam, now):
    first = make(acme, adam, now=now)
    second = replace(first, adam, now=now)

    with pytest.raises(keys.KeyRefused, match="Revoke the older one"):
        replace(second, adam, now=now + DAY)
    third = replace(second, adam, now=now + 7 * DAY)

    assert use(third.secret, now + 7 * DAY).key == third.key


def test_a_key_that_was_replaced_or_revoked_is_not_replaced_again(acme, adam, now):
    first, other = make(acme, adam, now=now), make(acme, adam, now=now, name="crm")
    replace(first, adam, now=now, goes_on=timedelta(0))
    with tenant_scope(acme):
        keys.revoke(other.key, actor(adam), now=now)

    for made in (first, other):
        with pytest.raises(keys.KeyRefused, match="a moment ago"):
            replace(made, adam, now=now + DAY)


def test_who_may_not_give_a_scope_may_not_hand_it_on(acme, adam, olga, now):
    made = make(acme, olga, now=now, scopes=("jobs:read", "proof:read"))

    with pytest.raises(keys.KeyRefused, match="proof:read"):
        replace(made, adam, now=now)


def test_the_platforms_keys_are_replaced_by_the_platform(acme, adam, now):
    key, secret = factories.make_api_key(tenant=acme)

    with tenant_scope(acme), pytest.raises(keys.KeyRefused, match="The platform"):
        keys.rotate(key, adam, actor(adam), now=now)

    assert use(secret, now).scopes == set(JOBS)


def test_a_revoked_key_is_refused_at_once_and_revoked_once(acme, adam, now):
    made = make(acme, adam, now=now)

    with tenant_scope(acme):
        done = [keys.revoke(made.key, actor(adam), now=now) for _ in range(2)]

    assert done == [True, False]
    with pytest.raises(RevokedKey):
        use(made.secret, now)


def test_each_act_is_in_the_audit_trail_without_a_secret(acme, adam, now):
    first = make(acme, adam, now=now)
    second = replace(first, adam, now=now + DAY)
    with tenant_scope(acme):
        keys.revoke(first.key, actor(adam), now=now + 2 * DAY)

    events = audited(acme)

    assert [(event.action, event.actor, event.object_id) for event in events] == [
        ("key.created", adam.email, str(first.key.pk)),
        ("key.replaced", adam.email, str(second.key.pk)),
        ("key.revoked", adam.email, str(first.key.pk)),
    ]
    assert events[1].before == {"key": str(first.key.pk), "works_until": (now + 8 * DAY).isoformat()}
    assert events[0].after == {"name": "data-lake", "scopes": list(JOBS), "expires_at": (now + 365 * DAY).isoformat()}


def role(tenant, user, role):
    with tenant_scope(tenant):
        Membership.objects.filter(tenant=tenant, user=user).update(role=role)


def test_a_key_may_what_its_maker_may_now(acme, olga, now):
    made = make(acme, olga, now=now, scopes=("jobs:write", "usage:read", "proof:read"))
    assert use(made.secret, now).scopes == {"jobs:read", "jobs:write", "usage:read", "proof:read"}

    role(acme, olga, "admin")
    assert use(made.secret, now).scopes == {"jobs:read", "jobs:write", "usage:read"}
    role(acme, olga, "viewer")
    assert use(made.secret, now).scopes == {"jobs:read"}
    role(acme, olga, "owner")
    assert use(made.secret, now).scopes == {"jobs:read", "jobs:write", "usage:read", "proof:read"}


def test_the_keys_of_who_leaves_are_revoked_and_stay_so(acme, globex, adam, olga, now):
    factories.make_member(tenant=globex, user=adam, role="admin")
    mine, elsewhere, hers = make(acme, adam, now=now), make(globex, adam, now=now), make(acme, olga, now=now, name="hers")

    with tenant_scope(acme):
        names = keys.revoke_of_member(acme, adam, actor(olga), now)
        Membership.objects.filter(tenant=acme, user=adam).delete()
        Membership.objects.create(tenant=acme, user=adam, role="owner")

    assert names == ["data-lake"]
    with pytest.raises(RevokedKey):
        use(mine.secret, now)
    assert use(elsewhere.secret, now).key == elsewhere.key
    assert use(hers.secret, now).key == hers.key


def test_a_membership_that_ends_any_other_way_takes_its_keys_along(acme, adam, now):
    made = make(acme, adam, now=now)

    with tenant_scope(acme):
        sql("delete from tenants_membership where user_id = %s", adam.pk)
    factories.make_member(tenant=acme, user=adam, role="admin")

    with pytest.raises(RevokedKey):
        use(made.secret, timezone.now())


def test_the_key_of_an_account_that_was_closed_is_refused(acme, adam, now):
    made = make(acme, adam, now=now)
    adam.is_active = False
    adam.save(update_fields=["is_active"])

    with pytest.raises(RevokedKey):
        use(made.secret, now)


def test_a_use_is_noted_once_a_minute_with_its_address(acme, adam, now):
    made = make(acme, adam, now=now)
    for after, ip in ((0, "203.0.113.24"), (59, "198.51.100.7"), (61, "2001:db8::7")):
        key_use.look_up(made.secret, now + timedelta(seconds=after), ip)
        with tenant_scope(acme):
            made.key.refresh_from_db()
        expected = (now, "203.0.113.24") if after < 60 else (now + timedelta(seconds=61), "2001:db8::7")
        assert (made.key.last_used_at, made.key.last_used_from) == expected


def test_every_scope_of_a_role_is_something_that_role_may_do():
    """Reading stands beside the page that shows the same, writing beside the one that does it."""
    assert key_scopes.of_role("viewer") == {"jobs:read", "reports:read", "schedules:read", "audiences:read", "links:read"}
    assert key_scopes.of_role("owner") - key_scopes.of_role("admin") == {"proof:read"}
    assert key_scopes.of_role(None) == frozenset()


@pytest.mark.django_db(transaction=True)
def test_of_many_who_replace_a_key_at_once_one_does(acme, adam, now):
    made = make(acme, adam, now=now)
    start, replaced, refused = threading.Barrier(8), [], []

    def race():
        start.wait()
        try:
            replaced.append(replace(made, adam, now=now))
        except keys.KeyRefused as error:
            refused.append(error.detail)
        finally:
            connection.close()

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(replaced), len(refused)) == (1, 7)
    with tenant_scope(acme):
        assert ApiKey.objects.filter(family=made.key.family).count() == 2
        assert AuditEvent.objects.filter(action="key.replaced").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_who_take_one_name_at_once_one_gets_it(acme, adam, olga, now):
    start, made, refused = threading.Barrier(6), [], []

    def race(person):
        start.wait()
        try:
            made.append(make(acme, person, now=now))
        except keys.KeyRefused as error:
            refused.append(error.about)
        finally:
            connection.close()

    threads = [threading.Thread(target=race, args=(person,)) for person in (adam, olga) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(made), refused) == (1, ["name"] * 5)
