"""The parts of the QuickBooks emulator; `emulator.py` beside this package puts them together.

Facts come from Intuit's accounting API reference and from recorded answers in public clients, as read in November 2026.
"""
