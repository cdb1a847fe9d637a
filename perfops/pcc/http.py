"""One kept-alive connection to the receiver; nothing on it waits for longer than it may, in pieces or as a whole."""

import http.client
import io
import socket
import ssl
import time

MYPY = False
if MYPY:
    from typing import Any, Dict, NamedTuple, Optional

    from .settings import Server

    Answer = NamedTuple("Answer", [("status", int), ("text", str), ("retry_after", "Optional[str]")])
else:
    from collections import namedtuple

    Answer = namedtuple("Answer", "status text retry_after")

PAUSE = 10.0  # seconds without any progress
LONGEST = 60.0  # seconds a request and its answer may take
LARGEST = 1 << 16  # bytes of an answer that are read


class Raw(io.RawIOBase):
    """The reading end of a socket, with a deadline over all that is read."""

    def __init__(self, sock: "Any", deadline: float) -> None:
        self.socket = sock
        self.deadline = deadline

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "Any") -> int:
        """Read what is there, within the time that is left."""
        self.socket.settimeout(remaining(self.deadline))
        return int(self.socket.recv_into(buffer))


class Timed:
    """A socket as http.client wants one; what is sent and received over it has one deadline."""

    def __init__(self, sock: "Any") -> None:
        self.socket = sock
        self.deadline = 0.0

    def sendall(self, data: "Any") -> None:
        """Send all of it."""
        view = memoryview(data)
        while len(view):
            self.socket.settimeout(remaining(self.deadline))
            view = view[self.socket.send(view) :]

    def makefile(self, *_: "Any") -> "Any":
        """The reading end."""
        return io.BufferedReader(Raw(self.socket, self.deadline))

    def close(self) -> None:
        """Close it."""
        self.socket.close()


def remaining(deadline: float) -> float:
    """Seconds the next step may wait."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise socket.timeout("no answer in {:g} s".format(LONGEST))
    return min(left, PAUSE)


class Client:
    """Posts to the receiver. OSError or HTTPException where no answer comes back."""

    def __init__(self, server: "Server", apikey: str, cafile: str) -> None:
        self.server = server
        self.apikey = apikey
        self.context = ssl.create_default_context(cafile=cafile or None) if server.tls else None
        self.connection: "Any" = None

    def connect(self) -> None:
        """Connect, verified where it is TLS."""
        server = self.server
        plain = socket.create_connection((server.host, server.port), PAUSE)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            secure = self.context.wrap_socket(plain, server_hostname=server.host) if self.context else plain
        except Exception:
            plain.close()
            raise
        self.connection = http.client.HTTPConnection(server.host, server.port)
        self.connection.sock = Timed(secure)

    def post(self, path: str, body: bytes, headers: "Dict[str, str]") -> Answer:
        """Send a body and read the answer; over a connection that may be stale it is tried once more on a new one."""
        reused = self.connection is not None
        try:
            return self.once(path, body, headers)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self.close()
            if not reused:
                raise
        except Exception:
            self.close()
            raise
        try:
            return self.once(path, body, headers)
        except Exception:
            self.close()
            raise

    def once(self, path: str, body: bytes, headers: "Dict[str, str]") -> Answer:
        """One request on the connection there is, or a new one."""
        if self.connection is None:
            self.connect()
        connection = self.connection
        connection.sock.deadline = time.monotonic() + LONGEST
        try:
            connection.request("POST", self.server.path + path, body, dict(headers, apikey=self.apikey))
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before all was sent: the answer may be there, and where it is not, that is the error
        response = connection.getresponse()
        text = response.read(LARGEST).decode("utf-8", "backslashreplace")
        if response.will_close or not response.isclosed():
            self.close()
        return Answer(response.status, text, response.getheader("Retry-After"))

    def close(self) -> None:
        """Hang up."""
        if self.connection is not None:
            connection, self.connection = self.connection, None
            connection.close()
