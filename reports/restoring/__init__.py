"""A database that was put back to an earlier time: found before it does anything, reconciled with what the world knows, let go on.

gate.py asks whether work may be done. mark.py and server.py find out that the database is a backup, mode.py writes it down. plan.py works
out what has happened since by the send log and S3, findings.py for one company; resuming.py carries it out. Pages ask `mode.state()`.
"""
