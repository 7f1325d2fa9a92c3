"""The one base of every "no": a refusal tells a person what to do next and changes nothing."""

from typing import Any, ClassVar

type Errors = dict[str, list[str]]


class Refused(Exception):
    """A request that cannot be done. The unit of work it leaves is rolled back; `lpg.problems` makes it HTTP.

    `code` is stable for programs, `detail` is written for a person, `facts` are what a program may need to act on it.
    """

    status: ClassVar[int] = 409
    code: ClassVar[str] = "refused"
    title: ClassVar[str] = "This cannot be done"

    def __init__(self, detail: str, *, errors: Errors | None = None, retry_after: int | None = None, **facts: Any):
        super().__init__(detail)
        self.detail = detail
        self.errors = errors
        self.retry_after = retry_after
        self.facts = facts


class Invalid(Refused):
    """Something in the request is wrong; `errors` says for each field what."""

    status = 400
    code = "invalid"
    title = "Something in the request is not right"

    def __init__(self, errors: Errors, detail: str = ""):
        super().__init__(detail or explain(errors), errors=errors)

    @classmethod
    def unknown(cls, field: str) -> "Invalid":
        """The same words for an id that does not exist and one the caller may not see."""
        return cls({field: ["There is no such entry. Choose one from its list."]})


class NotAllowed(Refused):
    """The caller may see this, but not do it."""

    status = 403
    code = "permission_denied"
    title = "Your role does not allow this"


class Missing(Refused):
    """The address names nothing that the caller may see."""

    status = 404
    code = "not_found"
    title = "Nothing is here"

    def __init__(self, detail: str = "There is nothing here that you may see. Check the number and your depots."):
        super().__init__(detail)


class Inactive(Refused):
    """Something retired was named where only something in use will do."""

    code = "inactive"
    title = "No longer in use"


class NotPending(Refused):
    """It has been decided already."""

    code = "not_pending"
    title = "Decided already"


class AlreadyVoid(Refused):
    """It was voided before."""

    code = "already_void"
    title = "Voided already"


class TooLarge(Refused):
    """The body is larger than any honest request."""

    status = 413
    code = "too_large"
    title = "Too large"


def explain(errors: Errors) -> str:
    """One sentence out of field errors, for people who see only the detail."""
    field, messages = next(iter(errors.items()))
    rest = len(errors) - 1
    more = f" ({rest} more to correct.)" if rest else ""
    where = "" if field == "non_field_errors" else f"{field}: "
    return f"{where}{messages[0]}{more}"
