"""Emulators of the destinations' and sources' APIs: what they share.

Each destination or source package ships an `emulator.py`; the hub finds them, routes requests by path and counts calls;
the server only adapts sockets to the hub. Nothing here knows a vendor.
"""
