"""Django's MySQL, which asks the server whether it is still there only when there is something to hear from it."""

from select import select

from django.db.backends.mysql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """A server that goes away closes its end, and that can be heard here: a ping before each request is a way there
    and back, as dear as a statement while others want the processor too. After an error the driver may have closed our
    end itself, and its number may be another file's by now: then the server is asked, as Django does."""

    def is_usable(self) -> bool:
        if self.errors_occurred:
            return super().is_usable()
        try:
            heard, _, _ = select([self.connection.fileno()], [], [], 0)
        except ValueError:  # more files are open than `select` can listen to
            return super().is_usable()
        return not heard or super().is_usable()
