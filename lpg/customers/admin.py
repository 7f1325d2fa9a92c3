from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget

from lpg.customers import services
from lpg.customers.models import Customer, Rate
from lpg.customers.selectors import customers_seen_by, rates_in_force, rates_of, rates_to_come, with_meter_rate
from lpg.depots.models import Depot
from lpg.depots.selectors import depots_with
from lpg.desk import filters, rates, shown
from lpg.desk.admin import DeskAdmin, actor_of
from lpg.desk.forms import DeskForm
from lpg.desk.shown import display
from lpg.equipment.models import Equipment
from lpg.equipment.selectors import equipment_seen_by
from lpg.roles import Actor

METERED = "Metered gas, one unit"


def own_depots(actor: Actor) -> QuerySet[Depot]:
    """Those whose customers the actor may write."""
    return depots_with(actor, "customers.write")


class CustomerForm(DeskForm):
    payment_terms_days = forms.IntegerField(
        label="Payment terms (days)",
        initial=30,
        min_value=0,
        max_value=365,
        widget=UnfoldAdminIntegerFieldWidget(attrs={"class": "desk-number"}),
        help_text="For credit customers: how many days after the invoice it is due.",
    )
    meter_rate = rates.PlainDecimal(
        label="Meter rate (S$)",
        required=False,
        help_text="For one unit of metered gas, in force today. Another value adds a rate from today on; "
        "left empty, nothing changes.",
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.initial["meter_rate"] = getattr(self.instance, "meter_rate", None)


class AddCustomerRate(rates.AddRate):
    equipment = forms.ModelChoiceField(
        label="For",
        queryset=Equipment.objects.none(),
        required=False,
        empty_label=METERED,
        widget=UnfoldAdminSelectWidget(),
        help_text="Which equipment this rate is for, or metered gas.",
    )
    field_order = ("equipment", "rate", "effective_from")

    def __init__(self, actor: Actor, data: Any = None):
        super().__init__(data)
        offered: Any = self.fields["equipment"]
        offered.queryset = equipment_seen_by(actor).filter(is_active=True).order_by("name")


@admin.register(Customer)
class CustomerAdmin(DeskAdmin):
    about = "customers"
    listed = True
    empty = "Customers buy gas, each at one site and from one depot."
    form = CustomerForm
    choices: ClassVar[Any] = {"depot": own_depots}
    change_form_outer_before_template = "desk/customer.html"
    list_display = (
        "customer_code",
        "name",
        "phone",
        "depot",
        "payment_type",
        "shown_limit",
        "shown_meter_rate",
        "shown_in_use",
    )
    search_fields = ("customer_code", "name", "phone")
    search_help_text = "Start of code, name or phone"
    list_filter = (
        filters.seen("depot", "depot", own_depots, all_words="All depots"),
        filters.pick("payment", "payment_type", Customer.Payment.choices, all_words="All payment types"),
        filters.InUse,
    )
    list_select_related = ("depot",)
    ordering = ("customer_code",)
    fieldsets = (
        ("Customer", {"fields": ("customer_code", "name", "depot", "is_active")}),
        ("How to reach them", {"fields": ("phone", "email", "address", "postal_code")}),
        (
            "How they pay",
            {
                "fields": ("payment_type", "payment_terms_days", "credit_limit", "uen"),
                "description": "Cash is due at once, credit after the payment terms, monthly on the last day of the "
                "next month. Over the credit limit, a sale waits for a supervisor; without a limit none waits.",
            },
        ),
        ("Metered gas", {"fields": ("meter_rate",)}),
    )
    shown_in_use: ClassVar[Any] = staticmethod(shown.in_use)

    @display(description="Limit", ordering="credit_limit", formatting="price")
    def shown_limit(self, customer: Customer) -> str:
        return shown.money(customer.credit_limit)

    @display(description="Meter rate", formatting="price")
    def shown_meter_rate(self, customer: Customer) -> str:
        return shown.rate(customer.meter_rate)

    def rows(self, actor: Actor) -> QuerySet[Customer]:
        return with_meter_rate(customers_seen_by(actor))

    def make(self, actor: Actor, values: Any) -> Customer:
        return services.create_customer(actor=actor, values=values)

    def change(self, actor: Actor, id: int, values: Any) -> Customer:
        return services.change_customer(actor=actor, customer_id=id, values=values)

    def history_of(self, obj: Any) -> Q:
        """Of the customer and of the customer's rates."""
        rate_ids = list(rates_of(obj).order_by("-id").values_list("pk", flat=True)[:1000])
        return super().history_of(obj) | Q(entity_type=Rate.__name__, entity_id__in=rate_ids)

    def get_urls(self) -> list[Any]:
        return [self.own_path("<path:object_id>/add-rate/", self.add_rate, "add_rate"), *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        customer = context.get("original")
        if customer:
            on = rates.today()
            context["rates_of"] = "This customer pays"
            context["rates"] = [
                *_table(rates_in_force(customer, on)),
                *_table(rates_to_come(customer, on)[: rates.MOST_TO_COME], to_come=True),
            ]
            context["rates_note"] = "For everything else the default rates of the equipment count."
            context["may_add_rate"] = self.has_change_permission(request, customer)
        return super().render_change_form(request, context, *args, **kwargs)

    def add_rate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        customer = self.found(request, object_id)
        if not self.has_change_permission(request, customer):
            raise PermissionDenied
        actor = actor_of(request)
        form = AddCustomerRate(actor, request.POST or None)

        def effect() -> Rate:
            values = form.cleaned_data
            equipment_id = values["equipment"].pk if values["equipment"] else None
            return services.add_rate(
                actor=actor,
                customer_id=customer.pk,
                equipment_id=equipment_id,
                rate=values["rate"],
                effective_from=values["effective_from"],
            )

        return self.small_form(request, form, effect, obj=customer, title=f"Add rate, {customer}", button="Add rate")


def _table(rows: QuerySet[Rate], *, to_come: bool = False) -> list[dict[str, Any]]:
    return [
        {
            "name": row.equipment.name if row.equipment else METERED,
            "rate": shown.rate(row.rate),
            "since": shown.day(row.effective_from),
            "to_come": to_come,
        }
        for row in rows
    ]
