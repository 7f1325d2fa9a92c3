from django.contrib.admin.apps import AdminConfig


class DeskConfig(AdminConfig):
    """Django's admin, with our site in it."""

    default_site = "lpg.office.site.DeskSite"
