from django.db import models

from lpg.fields import AsciiField


class Depot(models.Model):
    """A place of HSH where cylinders are kept and trucks are loaded."""

    code = AsciiField(max_length=20, unique=True, error_messages={"unique": "Another depot has this code."})
    name = models.CharField(max_length=100)
    address = models.TextField(max_length=500, blank=True)
    phone = models.CharField(max_length=30, blank=True)
    is_active = models.BooleanField("in use", default=True)

    def __str__(self) -> str:
        return self.code

    @property
    def depot_id(self) -> int:
        """A depot belongs to itself: its audit rows are for its own supervisors to see."""
        return self.pk


class Vehicle(models.Model):
    """A truck, and the depot it belongs to."""

    plate_no = AsciiField(
        "plate number", max_length=16, unique=True, error_messages={"unique": "Another truck has this plate number."}
    )
    depot = models.ForeignKey(Depot, models.PROTECT, related_name="vehicles")
    is_active = models.BooleanField("in use", default=True)

    class Meta:
        verbose_name = "truck"

    def __str__(self) -> str:
        return self.plate_no
