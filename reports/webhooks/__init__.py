"""Webhooks of companies: their programs are told of events, signed as Standard Webhooks has it.

What people and programs do with them, each with its line in the audit trail. In the tenant's scope, but for those marked *:

    outbound.posting.check_url(url)* -> CheckedUrl          before making.create and changing.change: it looks the name up
    making.create(tenant, actor, Wanted, now=) -> Made      the secret is in Made.secret, and nowhere else ever again
    changing.change(webhook, actor, Wanted, now=) -> bool   the whole value
    changing.pause / resume(webhook, actor, now=) -> bool
    removing.remove(webhook, actor, now=)
    rotating.rotate_secret(webhook, actor, now=) -> Made    the old one signs as well for 24 hours
    pinging.ping(webhook, actor, clock)* -> WebhookTry      calls the receiver, so in no transaction
    replaying.replay(delivery, actor, now=) -> bool
    replaying.replay_since(webhook, actor, since, until, types, now=) -> int

Then: events.tell writes what is due, `sender` sends it (sending, signing, retries, outcomes), `parking` holds what waits for a webhook
that is not active, `reasons` has the words.
"""
