"""Oracle's cloud in small: its REST API on loopback, in the shape of the real one, for the real SDK to talk to.

Answers come in pages of two, each request's signature is checked, and calls can be made to fail.
"""

import base64
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

TENANCY = "ocid1.tenancy.oc1..root"
PAGE = 2
Json = dict[str, Any]


def compartment(name: str, parent: str = TENANCY) -> Json:
    """A compartment of the given name; its OCID ends with it."""
    return {
        "id": f"ocid1.compartment.oc1..{name}",
        "compartmentId": parent,
        "name": name,
        "description": name,
        "timeCreated": "2026-01-09T08:00:00.000Z",
        "lifecycleState": "ACTIVE",
        "freeformTags": {},
        "definedTags": {},
    }


def instance(name: str, home: str, number: int, state: str = "RUNNING", **more: Any) -> Json:
    """An instance in a compartment; with `public` it has a public address, with `interface: False` none at all."""
    public, interface = more.pop("public", None), more.pop("interface", True)
    return {
        "availabilityDomain": f"Uocm:PHX-AD-{number % 3 + 1}",
        "compartmentId": home,
        "displayName": name,
        "faultDomain": f"FAULT-DOMAIN-{number % 3 + 1}",
        "freeformTags": {"role": "server" if number % 2 else "client"},
        "definedTags": {"Operations": {"CostCenter": "42"}},
        "id": f"ocid1.instance.oc1.phx.{number}",
        "imageId": "ocid1.image.oc1.phx.ol9",
        "lifecycleState": state,
        "region": "phx",
        "shape": "VM.Standard.E5.Flex",
        "shapeConfig": {"ocpus": 2.0 * number, "memoryInGBs": 16.0, "processorDescription": "2.4 GHz"},
        "timeCreated": "2026-01-09T09:00:00.000Z",
        "_vnics": [(f"10.0.0.{number}", public)] if interface else [],
    } | more


@dataclass
class Cloud:
    """What there is, by region; `broken` has a status for calls whose path and query match a pattern."""

    folder: Path
    compartments: list[Json] = field(default_factory=list)
    regions: dict[str, list[Json]] = field(default_factory=dict)
    broken: dict[str, tuple[int, str]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.session_keys: dict[str, rsa.RSAPublicKey] = {}
        (self.folder / "key.pem").write_bytes(pem(self.key))
        der = self.key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        digest = hashes.Hash(hashes.MD5())  # what the cloud calls a key's fingerprint
        digest.update(der)
        self.fingerprint = ":".join(f"{byte:02x}" for byte in digest.finalize())
        self.write_config(self.fingerprint)

    def write_config(self, fingerprint: str) -> None:
        """The profile DEFAULT with a key's fingerprint."""
        text = f"user=ocid1.user.oc1..me\nfingerprint={fingerprint}\ntenancy={TENANCY}\nregion=us-phoenix-1\n"
        self.config.write_text(f"[DEFAULT]\n{text}key_file={self.folder / 'key.pem'}\n", encoding="ascii")
        self.config.chmod(0o600)

    @property
    def config(self) -> Path:
        """The SDK's configuration file."""
        return self.folder / "config"

    @property
    def address(self) -> str:
        """Of the server."""
        return f"http://127.0.0.1:{self.port}"

    def source(self, **options: Any) -> Json:
        """A source file of the inventory that asks this cloud."""
        known: Json = {"plugin": "perfops.perfops.oci", "config_file": str(self.config), "retries": 0}
        return known | {"endpoint": self.address + "/{region}/{service}"} | options

    def answer(self, region: str, path: str, query: dict[str, str]) -> tuple[int, Any]:
        """Status and body of a call; a list is given out in pages."""
        kind, _, identity = path.partition("/")
        if kind == "compartments":
            known = [compartment("root") | {"id": TENANCY}, *self.compartments]
            if identity:
                return one(known, identity)
            return 200, [each for each in known if each["compartmentId"] == query["compartmentId"] != each["id"]]
        here = self.regions.get(region, [])
        if kind == "vnics":
            return one([vnic for each in here for vnic in vnics(each)], identity)
        mine = [each for each in here if each["compartmentId"] == query.get("compartmentId")]
        if kind == "instances":
            shown = [each for each in mine if each["lifecycleState"] == query.get("lifecycleState", "RUNNING")]
            return 200, [{name: value for name, value in each.items() if name != "_vnics"} for each in shown]
        assert kind == "vnicAttachments", path
        return 200, [attachment(each, vnic) for each in mine for vnic in vnics(each)]


def vnics(each: Json) -> list[Json]:
    """The interfaces of an instance, the secondary one first."""
    found = [
        {
            "id": each["id"].replace("instance", "vnic"),
            "compartmentId": each["compartmentId"],
            "availabilityDomain": each["availabilityDomain"],
            "displayName": each["displayName"],
            "hostnameLabel": each["displayName"].lower().replace(" ", ""),
            "isPrimary": True,
            "lifecycleState": "AVAILABLE",
            "privateIp": private,
            "publicIp": public,
            "subnetId": "ocid1.subnet.oc1.phx.1",
            "timeCreated": "2026-01-09T09:00:00.000Z",
        }
        for private, public in each["_vnics"]
    ]
    return [
        vnic | {"id": vnic["id"] + ".second", "isPrimary": False, "privateIp": "10.9.9.9"} for vnic in found
    ] + found


def attachment(each: Json, vnic: Json) -> Json:
    """The attachment of an interface."""
    return {
        "id": vnic["id"].replace("vnic", "vnicattachment"),
        "availabilityDomain": each["availabilityDomain"],
        "compartmentId": each["compartmentId"],
        "instanceId": each["id"],
        "lifecycleState": "ATTACHED",
        "subnetId": vnic["subnetId"],
        "timeCreated": "2026-01-09T09:00:00.000Z",
        "vnicId": vnic["id"],
    }


def one(known: list[Json], identity: str) -> tuple[int, Any]:
    """The thing of an OCID."""
    found = next((each for each in known if each["id"] == identity), None)
    return (200, found) if found else (404, "NotAuthorizedOrNotFound")


def pem(key: rsa.RSAPrivateKey) -> bytes:
    """A private key as a file has it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer leaves in one piece
    cloud: Cloud

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path.startswith("/opc/v2/"):
            self.tell(200, self.about(parts.path.removeprefix("/opc/v2/")), {})
            return
        self.cloud.calls.append(self.path)
        if not self.signed():
            self.fail(401, "NotAuthenticated")
            return
        for pattern, (status, code) in self.cloud.broken.items():
            if re.search(pattern, self.path):
                self.fail(status, code)
                return
        _, region, _, *rest = parts.path.split("/")
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        status, body = self.cloud.answer(region, "/".join(rest[1:]), query)
        if status != 200:
            self.fail(status, body)
        elif isinstance(body, list):
            start = int(query.get("page", 0))
            more = {"opc-next-page": str(start + PAGE)} if len(body) > start + PAGE else {}
            self.tell(200, json.dumps(body[start : start + PAGE]).encode(), more)
        else:
            self.tell(200, json.dumps(body).encode(), {})

    def do_POST(self) -> None:
        """The token of an instance principal: it names the public key that the instance signs with from now on."""
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        public = serialization.load_pem_public_key(
            b"-----BEGIN PUBLIC KEY-----\n" + asked["publicKey"].encode() + b"\n-----END PUBLIC KEY-----\n"
        )
        assert isinstance(public, rsa.RSAPublicKey)
        claims = {"exp": int(time.time()) + 3600, "iat": int(time.time()), "sub": "ocid1.instance.oc1.phx.0"}
        parts = [json.dumps(part).encode() for part in ({"alg": "RS256", "typ": "JWT"}, claims)]
        token = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in [*parts, b"signature"])
        self.cloud.session_keys[token] = public
        self.tell(200, json.dumps({"token": token}).encode(), {})

    def about(self, name: str) -> bytes:
        """What the metadata service of an instance tells."""
        if name == "instance/region":
            return b"us-phoenix-1"
        if name == "identity/key.pem":
            return pem(self.cloud.key)
        subject = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATIONAL_UNIT_NAME, f"opc-tenant:{TENANCY}")])
        now = datetime.now(UTC)
        made = x509.CertificateBuilder(subject, subject, self.cloud.key.public_key(), x509.random_serial_number())
        made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        return made.sign(self.cloud.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def signed(self) -> bool:
        """Whether the request is signed by the key that it names, over the path and the headers that it names."""
        told = dict(re.findall(r'(\w+)="([^"]*)"', self.headers.get("authorization", "")))
        name = told.get("keyId", "")
        known = {f"{TENANCY}/ocid1.user.oc1..me/{self.cloud.fingerprint}": self.cloud.key.public_key()}
        key = known.get(name) or self.cloud.session_keys.get(name.removeprefix("ST$"))
        if key is None:
            return False
        values = {"(request-target)": f"get {self.path}"}
        lines = [f"{each}: {values.get(each) or self.headers[each]}" for each in told["headers"].split()]
        try:
            key.verify(
                base64.b64decode(told["signature"]), "\n".join(lines).encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except InvalidSignature:
            return False
        return True

    def fail(self, status: int, code: str) -> None:
        """An error as the cloud has it."""
        self.tell(status, json.dumps({"code": code, "message": f"it is {code}"}).encode(), {})

    def tell(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        """Send an answer."""
        self.send_response(status)
        for name, value in {"content-type": "application/json", "opc-request-id": "1", **headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[Cloud]:
    """A cloud with nothing in it yet; its key and configuration file lie in the folder."""
    cloud = Cloud(folder)
    handler = type("Bound", (Handler,), {"cloud": cloud})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        cloud.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True, kwargs={"poll_interval": 0.05}).start()
        try:
            yield cloud
        finally:
            server.shutdown()
