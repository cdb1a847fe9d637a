"""Small servers on loopback and on Unix sockets: the metadata services of clouds, the sockets of container runtimes."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = Callable[[str, dict[str, str]], bytes | None]  # path and headers (names in small letters) to an answer


class Server:
    """Answers each connection in a thread of its own; where `answer` gives None it keeps the connection open, mute."""

    def __init__(self, answer: Answer, place: Path | None = None) -> None:
        self.answer = answer
        self.paths: list[str] = []
        self.open: list[socket.socket] = []
        self.socket = socket.socket(socket.AF_UNIX if place else socket.AF_INET)
        if place:
            place.parent.mkdir(parents=True, exist_ok=True)
        self.socket.bind(str(place) if place else ("127.0.0.1", 0))
        self.socket.listen(128)
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def address(self) -> str:
        """Host and port of a server on loopback."""
        host, port = self.socket.getsockname()
        return f"{host}:{port}"

    def accept(self) -> None:
        """Take connections until the server is closed."""
        with suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                self.open.append(connection)
                threading.Thread(target=self.serve, args=[connection], daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        """Read a request's head and answer it."""
        with suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                part = connection.recv(4096)
                if not part:
                    return
                head += part
            first, *rows = head.decode("ascii").split("\r\n\r\n")[0].split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (row.partition(":") for row in rows)}
            path = first.split(" ")[1]
            self.paths.append(path)
            answer = self.answer(path, headers)
            if answer is not None:
                connection.sendall(answer)
                connection.close()

    def close(self) -> None:
        """Hang up on everybody."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for connection in self.open:
            connection.close()


@contextmanager
def serving(answer: Answer, place: Path | None = None) -> Iterator[Server]:
    """A server for as long as the block runs."""
    server = Server(answer, place)
    try:
        yield server
    finally:
        server.close()


def respond(body: str, status: str = "200 OK") -> bytes:
    """A whole answer."""
    data = body.encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {len(data)}\r\n\r\n"
    return head.encode() + data


def always(answer: bytes | None) -> Answer:
    """The same answer to everybody."""
    return lambda *_: answer


MUTE = always(None)
AZURE: dict[str, Any] = {
    "compute": {
        "azEnvironment": "AzurePublicCloud",
        "customData": "",
        "location": "westeurope",
        "name": "test-vm-01",
        "offer": "0001-com-ubuntu-server-jammy",
        "osType": "Linux",
        "placementGroupId": "",
        "plan": {"name": "", "product": "", "publisher": ""},
        "publisher": "canonical",
        "sku": "22_04-lts-gen2",
        "storageProfile": {
            "dataDisks": [],
            "imageReference": {
                "id": "",
                "offer": "0001-com-ubuntu-server-jammy",
                "publisher": "canonical",
                "sku": "22_04-lts-gen2",
                "version": "latest",
            },
            "osDisk": {"caching": "ReadWrite", "diskSizeGB": "30", "osType": "Linux"},
        },
        "tags": "kind:benchmark",
        "version": "22.04.202312060",
        "vmId": "02aab8a4-74ef-476e-8182-f6d2ba4166a6",
        "vmScaleSetName": "",
        "vmSize": "Standard_D4s_v3",
        "zone": "2",
    },
    "network": {"interface": [{"ipv4": {"ipAddress": [], "subnet": []}, "macAddress": "000D3AF806EC"}]},
}
AZURE_FACTS = {
    "provider": "azure",
    "region": "westeurope",
    "zone": "2",
    "instance_type": "Standard_D4s_v3",
    "image": "canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2:latest",
    "instance_id": "02aab8a4-74ef-476e-8182-f6d2ba4166a6",
}
OCI: dict[str, Any] = {
    "availabilityDomain": "EMIr:EU-FRANKFURT-1-AD-2",
    "faultDomain": "FAULT-DOMAIN-3",
    "compartmentId": "ocid1.tenancy.oc1..exampleuniqueid",
    "displayName": "test-vm-02",
    "hostname": "test-vm-02",
    "id": "ocid1.instance.oc1.eu-frankfurt-1.exampleuniqueid",
    "image": "ocid1.image.oc1.eu-frankfurt-1.exampleuniqueid",
    "metadata": {"ssh_authorized_keys": "ssh-ed25519 example"},
    "region": "eu-frankfurt-1",
    "canonicalRegionName": "eu-frankfurt-1",
    "ociAdName": "eu-frankfurt-1-ad-2",
    "regionInfo": {"realmKey": "oc1", "regionKey": "FRA", "regionIdentifier": "eu-frankfurt-1"},
    "shape": "VM.Standard.E4.Flex",
    "shapeConfig": {"ocpus": 1.0, "memoryInGBs": 16.0},
    "state": "Running",
    "timeCreated": 1600381928581,
}
OCI_FACTS = {
    "provider": "oci",
    "region": "eu-frankfurt-1",
    "zone": "EMIr:EU-FRANKFURT-1-AD-2",
    "instance_type": "VM.Standard.E4.Flex",
    "image": "ocid1.image.oc1.eu-frankfurt-1.exampleuniqueid",
    "instance_id": "ocid1.instance.oc1.eu-frankfurt-1.exampleuniqueid",
}


def azure(path: str, headers: dict[str, str]) -> bytes:
    """Azure's Instance Metadata Service: a header and a version it knows, and no request that was passed on."""
    address = urlsplit(path)
    if headers.get("metadata", "").lower() != "true" or "x-forwarded-for" in headers:
        return respond('{"error":"Bad request: . Required metadata header not specified"}', "400 Bad Request")
    if address.path != "/metadata/instance":
        return respond('{"error":"Not found"}', "404 Not Found")
    if parse_qs(address.query).get("api-version") != ["2021-02-01"]:
        return respond('{"error":"Bad request. api-version is invalid or was not specified"}', "400 Bad Request")
    return respond(json.dumps(AZURE))


def oci(path: str, headers: dict[str, str]) -> bytes:
    """Oracle's instance metadata service, version 2 alone: everything else is not found."""
    if path != "/opc/v2/instance/" or headers.get("authorization") != "Bearer Oracle" or "forwarded" in headers:
        return respond("<html><head><title>404 Not Found</title></head></html>", "404 Not Found")
    return respond(json.dumps(OCI))


def runtime(names: dict[str, list[str]]) -> Answer:
    """The list of containers as Docker's socket and Podman's give it, of these ids with these names."""

    def answer(path: str, headers: dict[str, str]) -> bytes:
        address = urlsplit(path)
        if address.path != "/containers/json":
            return respond('{"message":"page not found"}', "404 Not Found")
        wanted = json.loads(parse_qs(address.query)["filters"][0])["id"]
        rows = [{"Id": each, "Names": names[each], "State": "running"} for each in wanted if each in names]
        return respond(json.dumps(rows))

    return answer
