from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "reports"

    def ready(self) -> None:
        # Before a cluster makes its processes: each would read all of it by itself, at the same moment and with a task in hand. And who is
        # given a task that nobody here knows, before any other, has to know what is done with it.
        from reports import tasks

        assert tasks
