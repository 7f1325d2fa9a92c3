from django.apps import AppConfig


class OfficeConfig(AppConfig):
    name = "lpg.office"
    verbose_name = "Desk"
