"""What nobody did although it was due, found and told without the worker: `manage.py overdue`.

`looking.py` asks the database, `comparing.py` makes alarms of what it found and has them told, `database.py` tells that there is none.
"""
