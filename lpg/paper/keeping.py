"""What PDFs of every kind share: the version in force, its content, a further one, and words for what went wrong."""

import logging
from collections.abc import Callable
from datetime import datetime
from errno import EDQUOT, EFBIG, ENOSPC
from typing import Any, NamedTuple

from django.db.models import QuerySet

from lpg import sql
from lpg.audit import services as audit
from lpg.errors import Refused
from lpg.paper import store
from lpg.paper.models import StoredPdf
from lpg.paper.render import NotRendered, Rendered

log = logging.getLogger("lpg.paper")
# A template of the owner's own, or facts that it cannot show, may fail in any of these ways.
UNDRAWABLE = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
LONGEST = 200  # characters: what `pdf_error` holds
SOON = 15


class Paper[P: StoredPdf](NamedTuple):
    """A PDF in force: what is known of it, and its bytes."""

    pdf: P
    content: bytes


class BeingMade(Refused):
    """Somebody else is making this PDF at this moment."""

    status = 503
    code = "busy"
    title = "Busy just now"

    def __init__(self) -> None:
        super().__init__("This PDF is being made at this moment. Try again in a few seconds.", retry_after=2)


class CannotBeMade(Refused):
    """It could not be made or read just now, and is tried again. `why` is for those who run the system."""

    status = 503
    code = "busy"
    title = "Busy just now"

    def __init__(self, why: str, *, is_store: bool):
        words = "This PDF cannot be made just now; it is tried again. If it stays so, ask an administrator to look."
        super().__init__(words, retry_after=SOON)
        self.why = why[:LONGEST]
        self.is_store = is_store  # then other PDFs will fare no better


def latest[P: StoredPdf](versions: QuerySet[P]) -> P | None:
    """The version in force."""
    return versions.order_by("-version").first()


def content_of(pdf: StoredPdf | None) -> bytes | None:
    """None: it was never kept, or it is lost. Raises CannotBeMade when the store cannot be asked."""
    return None if pdf is None else attempted(lambda: store.fetch(pdf.content_hash))


def drawn_and_stored(draw: Callable[[], Rendered]) -> Rendered:
    """Draw a page and put it into the store. Raises CannotBeMade."""

    def both() -> Rendered:
        rendered = draw()
        store.keep(rendered.content, rendered.content_hash)
        return rendered

    return attempted(both)


def attempted[T](do: Callable[[], T]) -> T:
    """What `do` returns. Raises CannotBeMade, in words for a person, for whatever our surroundings did to it."""
    try:
        return do()
    except NotRendered as error:
        log.warning("a PDF could not be drawn: %s", error)
        raise CannotBeMade(str(error), is_store=False) from error
    except OSError as error:
        log.warning("the store for PDFs failed: %s", error)
        words = "The store for PDFs cannot be reached or written. Look at its disk or its server; it is tried again."
        if error.errno in {ENOSPC, EDQUOT, EFBIG}:
            words = "There is no room left for PDFs. Make room where they are stored; it is tried again."
        raise CannotBeMade(words, is_store=True) from error
    except UNDRAWABLE as error:
        log.exception("a PDF could not be drawn")
        words = "This PDF cannot be drawn: its template fails. What is wrong with it stands in the log."
        raise CannotBeMade(words, is_store=False) from error


def add_version[P: StoredPdf](model: type[P], of: dict[str, Any], before: P | None, made: Rendered, now: datetime) -> P:
    """The row of what was drawn; what came out as it was before is no new version.

    In the caller's unit of work, in which nobody else adds one: `before` is the version in force.
    """
    if before is not None and before.content_hash == made.content_hash:
        log.warning("a lost PDF was drawn again, the same to the byte: %s", before.content_hash)
        return before
    pdf = sql.new(
        model,
        **of,
        version=before.version + 1 if before else 1,
        content_hash=made.content_hash,
        template_hash=made.template_hash,
        renderer=made.renderer,
        size=len(made.content),
        made_at=now,
    )
    sql.add([pdf])
    kind = "INVOICE_PDF" if "invoice" in of else "RECEIPT_PDF"
    action, old = (f"UPDATE_{kind}", audit.snapshot(before)) if before else (f"CREATE_{kind}", None)
    audit.record(actor=None, action=action, entity=pdf, before=old, after=audit.snapshot(pdf))
    return pdf
