"""A program that becomes a server process: `python launch.py ORDERS`, with orders as JSON.

It runs in an interpreter of its own, because a process with threads must not fork and go on. It imports
nothing of dfsql: it may lose the right to read it on the way.
"""

import json
import os
import sys
from typing import Any

_CLONE_NEWUSER = 0x10000000


def enter_namespace(user: int) -> None:
    """Gives root's process another number and takes its powers, without an account (Linux)."""
    outside_user, outside_group = os.geteuid(), os.getegid()
    unshare = getattr(os, "unshare", None)
    if unshare is not None:
        unshare(_CLONE_NEWUSER)
    else:  # Python 3.11
        import ctypes

        library = ctypes.CDLL(None, use_errno=True)
        if library.unshare(_CLONE_NEWUSER) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
    for name, text in (
        ("setgroups", "deny"),  # the kernel wants this before it takes a map of groups
        ("uid_map", f"{user} {outside_user} 1"),
        ("gid_map", f"{user} {outside_group} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def main(orders: dict[str, Any]) -> None:
    """Takes the identity that is asked for and becomes the command."""
    os.setsid()  # Ctrl-C in the terminal is not for the server
    os.umask(0o077)
    os.chdir(orders["cwd"])  # while we still may: the account may be shut out of a folder above
    if orders["namespace"] is not None:
        enter_namespace(orders["namespace"])
    elif orders["user"] is not None:
        os.setgroups([])
        os.setgid(orders["group"])
        os.setuid(orders["user"])
    if orders["detach"] and os.fork():
        os._exit(0)
    command = orders["command"]
    os.execve(command[0], command, orders["environment"])


if __name__ == "__main__":
    try:
        main(json.loads(sys.argv[1]))
    except OSError as error:
        sys.exit(f"cannot start as this account: {error}")
