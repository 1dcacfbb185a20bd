import datetime as dt
import os
import socket
from functools import cache

import psutil
from django.conf import settings

LEASE = dt.timedelta(seconds=settings.LEASE_SECONDS)


@cache
def owner(pid: int) -> str:
    """This process, told apart from a later one with the same number: host, pid, start time."""
    return f"{socket.gethostname()}/{pid}/{psutil.Process(pid).create_time():.2f}"


def me() -> str:
    return owner(os.getpid())


def is_dead(name: str) -> bool:
    """Certainly gone: a process of this machine that no longer runs. False for other machines, whose leases run out instead."""
    host, _, rest = name.partition("/")
    pid, _, started = rest.partition("/")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        return f"{psutil.Process(int(pid)).create_time():.2f}" != started
    except psutil.NoSuchProcess:
        return True
