"""The option `closedPeriodPolicy`, for every destination whose books have periods."""

HOLD = "HOLD"
FIRST_OPEN_DAY = "FIRST_OPEN_DAY"
