"""What a device says of the time: its clock may be a little before ours, and no more."""

from datetime import datetime, timedelta

from lpg.errors import Invalid

AHEAD = timedelta(minutes=5)


def refuse_ahead(field: str, at: datetime, now: datetime) -> None:
    """Raises Invalid for a time that has not come yet."""
    if at > now + AHEAD:
        raise Invalid({field: ["This time has not come yet. Check the clock of the device."]})
