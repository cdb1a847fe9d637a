"""What went wrong with a machine, in one line that ends with the remedy."""

from __future__ import annotations

import errno
import re

REMEDIES = (
    (r"IDENTIFICATION HAS CHANGED", "its host key has changed (if it was made anew: ssh-keygen -R {address})"),
    (r"Host key verification failed", "its host key is not known (try: ssh-keyscan {address} >> ~/.ssh/known_hosts)"),
    (r"Permission denied|Too many auth", "it refuses {user} (see ansible_user, ansible_ssh_private_key_file)"),
    (r"Could not resolve|Name or service not known", "nobody knows the address {address} (see ansible_host)"),
    (r"Connection refused", "no SSH server answers at {address} (is it up, and ansible_port right?)"),
    (r"No space left", "its disk is full: {said} (free some)"),
    (r"timed out|No route|unreachable|not responding|closed by|reset by|Broken pipe|Timeout|control|lost connection",
     "it does not answer (is it up, and {address} right?)"),
)  # fmt: skip


def of_connection(said: str, address: str, user: str) -> str:
    """What SSH said, as a user can act on it."""
    for pattern, text in REMEDIES:
        if re.search(pattern, said, re.IGNORECASE):
            return text.format(address=address, user=user, said=last_line(said))
    return last_line(said)


def of_file(error: OSError) -> str:
    """Why a file of the controller cannot be read or written."""
    remedy = "see what is wrong there"
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        remedy = "make room"
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        remedy = "make it writable for this user"
    return f"{error.filename or 'here'}: {error.strerror or error} ({remedy}, and run this again)"


def last_line(text: str) -> str:
    """The last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


def of_python(version: str, python: str, name: str) -> str:
    """Why no module runs there; `version` is empty where there is no Python."""
    found = f"Python {version}" if version else f"no {python}"
    return (
        f"{name} has {found}, and Ansible's modules need Python 3.8 (install one, and name its path in"
        " ansible_python_interpreter; perfops run needs none of them)"
    )
