"""A phone without a screen: the sync protocol's client, in the standard library alone.

    phone = Phone("driver.sqlite3", "https://hsh.example/api/v1")
    phone.sign_in("driver", "secret")
    phone.capture("transaction.create", {"customer": 1, "items": [...]})   # on disk when this returns, signal or not
    phone.push()                                                           # later: each operation has one effect
    phone.pull()                                                           # the phone's copy of what it may see

One file for each person on the phone: what one has recorded is not the other's to see.
"""

from lpg_client.api import NotReached, Refused, SignInNeeded
from lpg_client.phone import Phone, Pushed
from lpg_client.queue import Operation

__all__ = ["NotReached", "Operation", "Phone", "Pushed", "Refused", "SignInNeeded"]
