"""A network that cuts: a TCP port before another one, which breaks connections where it is told to by chance."""

import random
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

FATES = ("reset at once", "reset amid a request", "reset before an answer", "slow")
MOST = 200_000  # bytes that a connection may carry before it is cut
ANSWERS = 8
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset
SLOW = 4096  # bytes at a time


class Network:
    """Where it listens, and whether it cuts; `seen` counts the fates of connections."""

    def __init__(self, target: tuple[str, int], chance: random.Random) -> None:
        self.target = target
        self.chance = chance
        self.cuts = True
        self.seen: dict[str, int] = {}
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]

    def accept(self) -> None:
        """Take connections until the port is closed."""
        with suppress(OSError):
            while True:
                connection, _ = self.listening.accept()
                fate = self.chance.choice(FATES) if self.cuts else "whole"
                self.seen[fate] = self.seen.get(fate, 0) + 1
                limit = self.chance.randrange(MOST if fate == "reset amid a request" else ANSWERS)
                threading.Thread(target=self.carry, args=[connection, fate, limit], daemon=True).start()

    def carry(self, near: socket.socket, fate: str, limit: int) -> None:
        """Hand on what comes either way, as far as the fate allows."""
        with near, suppress(OSError):
            if fate == "reset at once":
                near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                return
            with socket.create_connection(self.target, timeout=60) as far:
                there = threading.Thread(target=self.forth, args=[near, far, fate, limit], daemon=True)
                there.start()
                answers = 0
                while data := far.recv(1 << 16):
                    answers += 1
                    if fate == "reset before an answer" and answers > limit:
                        near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                        near.close()
                        break
                    near.sendall(data)
                with suppress(OSError):
                    near.shutdown(socket.SHUT_RDWR)
                there.join()

    def forth(self, near: socket.socket, far: socket.socket, fate: str, limit: int) -> None:
        """From the sender to the receiver."""
        with suppress(OSError):
            while data := near.recv(SLOW if fate == "slow" else 1 << 16):
                if fate == "reset amid a request":
                    data, limit = data[:limit], limit - len(data)
                    far.sendall(data)
                    if limit <= 0:
                        near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                        near.close()
                        break
                else:
                    far.sendall(data)
        with suppress(OSError):
            far.shutdown(socket.SHUT_WR)


@contextmanager
def cutting(target: tuple[str, int], chance: random.Random) -> Iterator[Network]:
    """A network before a port."""
    network = Network(target, chance)
    with closing(network.listening):
        threading.Thread(target=network.accept, daemon=True).start()
        yield network
        with suppress(OSError):
            network.listening.shutdown(socket.SHUT_RDWR)
