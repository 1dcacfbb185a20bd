from decimal import Decimal

import pytest

from billing.money import share_out
from integrations.rates import quantity_and_rate


@pytest.mark.parametrize("zero", ["0", "0.00", "0E-11", "0E-30"])
def test_a_zero_rate_has_no_more_than_ten_decimals(zero: str) -> None:
    [share] = share_out([Decimal(0)], Decimal("0.000"), "KWD")
    _, rate = quantity_and_rate(None, Decimal(zero), share, "KWD")
    assert rate == 0 and -int(rate.as_tuple().exponent) <= 10
