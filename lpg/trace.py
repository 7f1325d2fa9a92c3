"""Which request is being served, its id and the caller's address, and how that is written to the log."""

import json
import logging
import re
from contextvars import ContextVar
from uuid import uuid4

request_id: ContextVar[str] = ContextVar("request_id", default="")
address: ContextVar[str] = ContextVar("address", default="")
origin: ContextVar[str] = ContextVar("origin", default="")  # what addresses that we answer begin with

_GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}")


def new_request_id(given: str = "") -> str:
    """The caller's own id when it is harmless to repeat, else a new one."""
    return given if _GIVEN.fullmatch(given) else uuid4().hex


class JsonLines(logging.Formatter):
    """Everything else that is logged, as JSON lines too."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.get() or None,
        }
        if record.exc_info and record.exc_info[0]:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
