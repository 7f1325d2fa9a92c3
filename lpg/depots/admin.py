from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet

from lpg.depots import services
from lpg.depots.models import Depot, Vehicle
from lpg.depots.selectors import depots_seen_by, vehicles_seen_by
from lpg.desk import filters, shown
from lpg.desk.admin import DeskAdmin
from lpg.roles import Actor


@admin.register(Depot)
class DepotAdmin(DeskAdmin):
    about = "depots"
    empty = "Depots are the places where cylinders are kept and trucks are loaded."
    list_display = ("code", "name", "phone", "address", "shown_in_use")
    search_fields = ("code", "name")
    search_help_text = "Start of code or name"
    list_filter = (filters.InUse,)
    ordering = ("code",)
    fieldsets = (
        ("Depot", {"fields": ("code", "name")}),
        ("Where it is", {"fields": ("address", "phone")}),
        ("Use", {"fields": ("is_active",), "description": "A retired depot keeps its history and takes nothing new."}),
    )
    shown_in_use: ClassVar[Any] = staticmethod(shown.in_use)

    def rows(self, actor: Actor) -> QuerySet[Depot]:
        return depots_seen_by(actor)

    def make(self, actor: Actor, values: Any) -> Depot:
        return services.create_depot(actor=actor, values=values)

    def change(self, actor: Actor, id: int, values: Any) -> Depot:
        return services.change_depot(actor=actor, depot_id=id, values=values)


@admin.register(Vehicle)
class VehicleAdmin(DeskAdmin):
    about = "vehicles"
    empty = "Trucks carry cylinders between depots and customers. Each belongs to a depot."
    choices: ClassVar[Any] = {"depot": depots_seen_by}
    list_display = ("plate_no", "depot", "shown_in_use")
    search_fields = ("plate_no",)
    search_help_text = "Start of plate number"
    list_filter = (filters.seen("depot", "depot", depots_seen_by, all_words="All depots"), filters.InUse)
    list_select_related = ("depot",)
    ordering = ("plate_no",)
    fieldsets = (
        ("Truck", {"fields": ("plate_no", "depot")}),
        ("Use", {"fields": ("is_active",), "description": "A retired truck keeps its history and takes nothing new."}),
    )
    shown_in_use: ClassVar[Any] = staticmethod(shown.in_use)

    def rows(self, actor: Actor) -> QuerySet[Vehicle]:
        return vehicles_seen_by(actor)

    def make(self, actor: Actor, values: Any) -> Vehicle:
        return services.create_vehicle(actor=actor, values=values)

    def change(self, actor: Actor, id: int, values: Any) -> Vehicle:
        return services.change_vehicle(actor=actor, vehicle_id=id, values=values)
