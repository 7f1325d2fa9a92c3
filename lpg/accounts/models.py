from functools import cached_property
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

from lpg.fields import AsciiField
from lpg.roles import Role, may


class UserQuerySet(models.QuerySet["User"]):
    def get_by_natural_key(self, username: str) -> "User":
        """Phones write the first letter large: a user name is the same in either case."""
        return self.get(username=username.strip().lower())


class User(AbstractBaseUser):
    """Somebody who works for HSH. Never deleted, only switched off."""

    username = AsciiField(
        "user name",
        max_length=60,
        unique=True,
        validators=[RegexValidator(r"\A[a-z0-9._@+-]+\Z", "Use letters, digits and . _ @ + - only.")],
        error_messages={"unique": "Somebody else has this user name."},
    )
    first_name = models.CharField(max_length=80, blank=True)
    last_name = models.CharField(max_length=80, blank=True)
    email = models.EmailField(blank=True)
    employee_id = AsciiField(
        "employee id", max_length=30, unique=True, error_messages={"unique": "Somebody else has this employee id."}
    )
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.DRIVER)
    depot = models.ForeignKey(
        "depots.Depot", models.PROTECT, null=True, blank=True, related_name="people", verbose_name="home depot"
    )
    depots = models.ManyToManyField(
        "depots.Depot", blank=True, related_name="further_people", verbose_name="further depots"
    )
    vehicle = models.ForeignKey(
        "depots.Vehicle", models.PROTECT, null=True, blank=True, related_name="drivers", verbose_name="truck"
    )
    is_active = models.BooleanField("may sign in", default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = UserQuerySet.as_manager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar = ["employee_id"]

    class Meta:
        verbose_name = "person"
        verbose_name_plural = "people"
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(role__in=["ADMIN", "SUPERVISOR", "DRIVER"]), name="role_known")
        ]

    def __str__(self) -> str:
        return self.username

    @cached_property
    def own_depot_ids(self) -> frozenset[int]:
        """The home depot and the further ones."""
        further = self.depots.values_list("pk", flat=True)
        return frozenset(further if self.depot_id is None else [self.depot_id, *further])

    @cached_property
    def truck_in_use(self) -> bool:
        """Whether there is a truck to drive."""
        return self.vehicle is not None and self.vehicle.is_active

    @property
    def is_staff(self) -> bool:
        """Django's word for: may open the desk."""
        return may(self, "desk.open")

    def get_full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.username

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Django's own permissions are not used: `lpg.roles` is the one table."""
        return False

    def has_module_perms(self, app_label: str) -> bool:
        return False


class Session(models.Model):
    """One sign-in on one device. Its tokens live only as long as it does."""

    user = models.ForeignKey(User, models.PROTECT, related_name="sessions")
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    address = models.CharField(max_length=45, blank=True)
    user_agent = models.CharField("device", max_length=200, blank=True)
    device = models.ForeignKey("sync.Device", models.PROTECT, null=True, related_name="sessions", verbose_name="phone")

    class Meta:
        verbose_name = "sign-in"

    def __str__(self) -> str:
        return f"{self.user} since {timezone.localtime(self.created_at):%d %b %Y %H:%M}"

    @property
    def depot_id(self) -> int | None:
        """A session belongs to the home depot of its user."""
        return self.user.depot_id


class SignInFailures(models.Model):
    """How often one name or one address has lately been wrong, and until when it has to wait."""

    subject = AsciiField(max_length=64, unique=True)
    failures = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(db_index=True)
    wait_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "sign-in failures"

    def __str__(self) -> str:
        return f"{self.subject}: {self.failures}"
