from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "lpg.audit"

    def ready(self) -> None:
        """The audit is only as good as the database below it, so that one is looked at first."""
        from lpg import databases  # noqa: F401, PLC0415  # registers its check; not before all is set up
