from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "reports"

    def ready(self) -> None:
        # A worker's process may be given a task that it does not know before any that it does: what is done with it is said there.
        from reports import tasks

        assert tasks
