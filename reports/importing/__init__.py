"""From a QuickSight dashboard to a report in the catalogue, as staff do it on their pages.

Web processes may not call QuickSight and may not write the catalogue. So staff say what they want (asking.py) and the worker does it
(working.py): it reads a dashboard (contents.py), judges what staff want of it (checking.py), and publishes it (publishing.py).
"""
