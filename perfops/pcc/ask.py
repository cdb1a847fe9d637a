"""One short HTTP request, taken on in steps that never wait longer than they may.

Plain HTTP/1.0 by hand over the interpreter's own sockets: http.client would cost the machine under test six megabytes,
the socket module half of one.
"""

import os
import select

from .clock import boottime

MYPY = False
if MYPY:
    from typing import Optional, Tuple, Union

    Address = Union[str, Tuple[str, int]]

PART = 1 << 14  # bytes taken at a time


class Get:
    """A GET on its way to a Unix socket's path, or to (host, port); in the end there is a `body` or an `error`."""

    def __init__(self, address: "Address", path: str, header: str = "", largest: int = 1 << 20) -> None:
        import _socket  # for those alone who have somebody to ask

        self.body: "Optional[bytes]" = None
        self.error = ""
        self.over = False
        self.largest = largest
        self.received = bytearray()
        host = "localhost" if isinstance(address, str) else address[0]
        text = "GET {} HTTP/1.0\r\nHost: {}\r\nAccept: application/json\r\n{}\r\n".format(path, host, header)
        self.waiting = text.encode("ascii")
        family = _socket.AF_UNIX if isinstance(address, str) else _socket.AF_INET
        self.socket = _socket.socket(family, _socket.SOCK_STREAM)
        self.socket.setblocking(False)
        self.poll = select.poll()
        self.poll.register(self.socket.fileno(), select.POLLOUT)
        self.in_doubt = (
            _socket.SOL_SOCKET,
            _socket.SO_ERROR,
        )  # a connection says how it went when it can be written to
        try:
            self.socket.connect(address)
        except BlockingIOError as error:
            if isinstance(address, str):  # a program too busy to answer
                self.end(error=error.strerror or str(error))
        except OSError as error:
            self.end(error=error.strerror or str(error))

    def step(self, seconds: float) -> bool:
        """Take it on for so long at most; True where it is over."""
        deadline = boottime() + seconds
        try:
            while not self.over:
                if not self.poll.poll(max(deadline - boottime(), 0) * 1000):
                    return False
                self.go_on()
        except OSError as error:
            self.end(error=error.strerror or str(error))
        return True

    def go_on(self) -> None:
        """Send or receive what can be just now."""
        if self.waiting:
            number = self.socket.getsockopt(*self.in_doubt)
            if number:
                raise OSError(number, os.strerror(number))
            self.waiting = self.waiting[self.socket.send(self.waiting) :]
            if not self.waiting:
                self.poll.modify(self.socket.fileno(), select.POLLIN)
            return
        part = self.socket.recv(PART)
        self.received += part
        if len(self.received) > self.largest:
            self.end(error="an answer of more than {} bytes".format(self.largest))
        else:
            self.read(hung_up=not part)

    def read(self, hung_up: bool) -> None:
        """Read the answer, if it is whole; not every server hangs up behind it."""
        head_size = self.received.find(b"\r\n\r\n")
        head = bytes(self.received[: max(head_size, 0)])
        body = bytes(self.received[head_size + 4 :]) if hung_up or head_size >= 0 else b""
        status = head.split(None, 2)
        length = header_number(head, b"content-length:")
        if not hung_up and (length is None or len(body) < length):
            return
        if not head.startswith(b"HTTP/1.") or len(status) < 2:
            self.end(error="no HTTP answer")
        elif status[1] != b"200":
            self.end(error="HTTP " + status[1].decode("ascii", "backslashreplace"))
        elif length is not None and len(body) < length:
            self.end(error="an answer cut short")
        else:
            self.end(body=body if length is None else body[:length])

    def end(self, body: "Optional[bytes]" = None, error: str = "") -> None:
        """Close it, with what came of it."""
        self.over, self.body, self.error = True, body, error
        self.received = bytearray()
        self.socket.close()


def sound(text: str) -> str:
    """Text out of JSON without halves of letters, which JSON may name and no reader takes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def header_number(head: bytes, name: bytes) -> "Optional[int]":
    """The number in a header line, None where there is none."""
    for row in head.split(b"\r\n"):
        if row.lower().startswith(name):
            text = row[len(name) :].strip()
            return int(text) if text.isdigit() else None
    return None
