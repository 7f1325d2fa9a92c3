from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse

from lpg.desk import filters, rates, shown
from lpg.desk.admin import DeskAdmin, actor_of
from lpg.desk.forms import DeskForm
from lpg.desk.shown import display
from lpg.equipment import services
from lpg.equipment.models import DefaultRate, Equipment
from lpg.equipment.selectors import default_rate_row, default_rates_to_come, equipment_seen_by, with_default_rate
from lpg.roles import Actor


class EquipmentForm(DeskForm):
    default_rate = rates.PlainDecimal(
        label="Default rate (S$)",
        required=False,
        help_text="In force today, for customers without a rate of their own. Another value adds a rate from today "
        "on; left empty, nothing changes.",
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.initial["default_rate"] = getattr(self.instance, "default_rate", None)


@admin.register(Equipment)
class EquipmentAdmin(DeskAdmin):
    about = "equipment"
    listed = True
    empty = "Equipment is what is carried: sizes of cylinders, kinds of meters and regulators."
    form = EquipmentForm
    change_form_outer_after_template = "desk/rates.html"
    list_display = ("sku", "name", "equipment_type", "shown_weight", "shown_rate", "shown_in_use")
    search_fields = ("sku", "name")
    search_help_text = "Start of SKU or name"
    list_filter = (filters.pick("type", "equipment_type", Equipment.Type.choices, all_words="All types"), filters.InUse)
    ordering = ("equipment_type", "sku")
    fieldsets = (
        ("Equipment", {"fields": ("sku", "name", "equipment_type", "weight_kg")}),
        ("Price", {"fields": ("default_rate",)}),
        ("Use", {"fields": ("is_active",), "description": "Retired equipment keeps its history and is sold no more."}),
    )
    shown_in_use: ClassVar[Any] = staticmethod(shown.in_use)

    @display(description="Weight (kg)", ordering="weight_kg", formatting="price")
    def shown_weight(self, equipment: Equipment) -> str:
        return shown.NOTHING if equipment.weight_kg is None else f"{equipment.weight_kg:,.2f}"

    @display(description="Default rate", formatting="price")
    def shown_rate(self, equipment: Equipment) -> str:
        return shown.rate(equipment.default_rate)

    def rows(self, actor: Actor) -> QuerySet[Equipment]:
        return with_default_rate(equipment_seen_by(actor))

    def make(self, actor: Actor, values: Any) -> Equipment:
        return services.create_equipment(actor=actor, values=values)

    def change(self, actor: Actor, id: int, values: Any) -> Equipment:
        return services.change_equipment(actor=actor, equipment_id=id, values=values)

    def history_of(self, obj: Any) -> Q:
        """Of the equipment and of its default rates."""
        rate_ids = list(obj.default_rates.order_by("-id").values_list("pk", flat=True)[:1000])
        return super().history_of(obj) | Q(entity_type=DefaultRate.__name__, entity_id__in=rate_ids)

    def get_urls(self) -> list[Any]:
        return [self.own_path("<path:object_id>/add-rate/", self.add_rate, "add_rate"), *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        equipment = context.get("original")
        if equipment:
            on = rates.today()
            in_force = default_rate_row(equipment, on)
            to_come = default_rates_to_come(equipment, on)[: rates.MOST_TO_COME]
            context["rates_of"] = "Customers without a rate of their own pay"
            context["rates"] = [
                {
                    "name": equipment.name,
                    "rate": shown.rate(row.rate),
                    "since": shown.day(row.effective_from),
                    "to_come": row.effective_from > on,
                }
                for row in ([in_force] if in_force else []) + list(to_come)
            ]
            context["may_add_rate"] = self.has_change_permission(request, equipment)
        return super().render_change_form(request, context, *args, **kwargs)

    def add_rate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        equipment = self.found(request, object_id)
        if not self.has_change_permission(request, equipment):
            raise PermissionDenied
        form = rates.AddRate(request.POST or None)

        def effect() -> DefaultRate:
            return services.add_default_rate(actor=actor_of(request), equipment_id=equipment.pk, **form.cleaned_data)

        title = f"Add default rate, {equipment}"
        return self.small_form(request, form, effect, obj=equipment, title=title, button="Add default rate")
