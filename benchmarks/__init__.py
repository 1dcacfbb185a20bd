"""Measures what the product promises: `make bench`. Nothing of the product imports this."""
