"""The parts of the NetSuite emulator; `emulator.py` beside this package puts them together.

Facts come from Oracle's REST web services guide and record schemas (release 2026.1) as read in November 2026.
"""
