"""Telling people of alarms: by a webhook and by mail, each on its own, so that neither hides what the other would have said.

reports/alerts.py raises and settles them; a stand of the `work` queue tells: `telling.py`.
"""
