"""Why something that a phone has sent must be looked at: the codes of exceptions, in words."""

from lpg.facts import Kind

WHY = {kind.value: str(kind.label) for kind in Kind} | {
    "no_rate": "No rate to sell at",
    "permission_denied": "Not allowed, such as at another depot",
    "invalid": "Something in it cannot be right",
    "not_found": "It names what is not known",
    "inactive": "It names what is no longer in use",
    "meter_reading_regressed": "Reading lower than the last",
    "no_document": "Sale without an invoice yet",
    "already_closed": "The day was closed already",
    "dependency_dismissed": "What it depends on was set aside",
    "blocked": "Waits for more than a day",
    "device_cloned_or_restored": "Phone restored from a backup, or two of one",
    "switched_off": "From a phone or person that is switched off",
    "idempotency_mismatch": "Its number was used for something else",
    "unknown_type": "Not known here",
    "unknown_version": "Not known here in this form",
    "malformed": "Cannot be read",
    "server_error": "Our mistake",
}


def why_words(kind: str) -> str:
    return WHY.get(kind, kind.replace("_", " ").capitalize())
