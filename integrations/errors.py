"""Four classes, four next steps. Whatever goes wrong with a destination or a source is one of them."""

import datetime as dt


class DeliveryError(Exception):
    """`code` is a stable word shown beside the sentence; `detail` the other system's own words, redacted."""

    def __init__(self, sentence: str, *, code: str = "", detail: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code or type(self).__name__.upper()
        self.detail = detail


class Retry(DeliveryError):
    """Certainly not accepted; try again by itself, at `after` when the other system named a time."""

    def __init__(self, sentence: str, *, code: str = "", detail: str = "", after: dt.timedelta | None = None, rate: bool = False) -> None:
        super().__init__(sentence, code=code, detail=detail)
        self.after = after
        self.rate = rate


class Refused(DeliveryError):
    """Answered with a no that repeating will not change: a person has to fix data or mappings."""


class Misconfigured(DeliveryError):
    """Our login, permission or settings are wrong: nothing of this integration can go until an administrator acts."""


class Unknown(DeliveryError):
    """Sent, answer lost: settled only by the same request again or by asking the destination."""
