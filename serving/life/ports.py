"""Which process listens on a port."""

from __future__ import annotations

import psutil


def holder(port: int) -> psutil.Process | None:
    """The process that listens on a TCP port of this machine; None where that cannot be told.

    Of several that share the socket it is the one that started the others.
    """
    try:
        found = {
            one.pid
            for one in psutil.net_connections("tcp")
            if one.pid and one.status == psutil.CONN_LISTEN and one.laddr.port == port
        }
        processes = [psutil.Process(pid) for pid in sorted(found)]
        return next((one for one in processes if one.ppid() not in found), None)
    except psutil.Error:
        return None
