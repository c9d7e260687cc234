"""Batches: many jobs asked for at once, all of them made or none. The API and `manage.py run_batch` call the same functions.

items.py is one line of a batch; checking.py judges all lines before anything is made; making.py makes them; ending.py is called by the end
of each job and ends the batch with the last one; cancelling.py takes back what waits; counting.py is how far it has come.
"""
