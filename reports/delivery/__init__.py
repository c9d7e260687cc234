"""Getting things out of the portal: rows that wait (reports/models/sending.py), a courier that carries them, and a file for each channel.

`courier.py` takes what is due (`taking.py`), fairly between tenants, and gives each message to a thread, where `carrying.py` prepares it
inside its tenant, hands it to its channel without a transaction, and `outcomes.py` writes down what came of it. `retries.py` says when it
is tried again, `budget.py` how fast a sender may send and whether all of it rests, `last_look.py` what is not sent after all.
What comes back later by other ways is `bounces.py`, with `ses_events.py` and `dsn.py` as its doors; `unsubscribing.py` is for recipients.

A channel is an object with one method, in a file of its own: `send(parcel) -> Sent`, see `channel.py`. It asks no database and opens no
scope, for it may take as long as its time-outs allow. Whatever goes wrong it says by one of four exceptions: `TryLater` (perhaps better
next time), `Refused` (never for this recipient), `TooFast` (nothing was wrong but the pace), `OurFault` (nobody can be sent to until we
put something right). A new channel is such a file, a word in `Delivery.Channel`, and a line in `carrying.CHANNELS`.
"""
