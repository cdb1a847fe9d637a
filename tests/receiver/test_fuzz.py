"""Whatever is sent: no 5xx, no traceback, one sentence, and the next batch is taken."""

import copy
import gzip
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from fix_loaded import IDENTITY
from fix_receiver import Receiver, body, pack
from fix_several import control, end, gap, host, joined, ticks

SOAK = bool(os.environ.get("PERFOPS_SOAK"))
ROUNDS = 2000 if SOAK else 150
SEED = int(os.environ.get("PERFOPS_SEED") or random.SystemRandom().randrange(1 << 32))
ODD: list[Any] = [
    *(None, True, False, 0, -1, 1, 1.5, 1e308, -1e308, 2**63, 2**64, 10**400, "", "x", "\0", "\ud7ff\0", "\U0010ffff"),
    *("ä" * 300, [], {}, [[]], {"": {}}, "x" * 10_000, "1" * 500, "NaN", "-1", "0x10", "%s%n", "'; DROP TABLE x; --"),
    *(
        {"collection": "x"},
        json.dumps({"collection": IDENTITY}),
        '{"a":' * 500,
        "[" * 5000,
        "../../etc",
        "\r\n",
        "\u2028",
    ),
]


def good() -> dict[str, Any]:
    """A batch with records of every kind."""
    lines = [control(0, "host", host()), *joined(ticks(0, 3)), gap(3, 5, "late"), *joined(ticks(5, 7))]
    lines += [control(7, "clock", {"ahead": 2}), control(8, "end", end(6, 1))]
    found: dict[str, Any] = orjson.loads(gzip.decompress(pack(lines, 1)))
    return found


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to all values in a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in inner for place in places(each, (*path, key)))]


def changed(chance: random.Random) -> Any:
    """A good batch in which some values are others."""
    batch = copy.deepcopy(good())
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        path = chance.choice(places(batch))
        if not path:
            return chance.choice(ODD)
        parent = batch
        for key in path[:-1]:
            parent = parent[key]
        known, odd = parent[path[-1]], chance.choice(ODD)
        match chance.randrange(5):
            case 0 if isinstance(parent, dict):
                del parent[path[-1]]
            case 1 if isinstance(known, str) and known:
                place = chance.randrange(len(known))
                parent[path[-1]] = known[:place] + str(odd)[:50] + known[place + chance.randrange(4) :]
            case 2 if isinstance(known, str):
                parent[path[-1]] = "".join(
                    chance.choice("0123456789") * 25 if letter.isdigit() and not chance.randrange(9) else letter
                    for letter in known
                )
            case _:
                parent[path[-1]] = copy.deepcopy(odd)
    return batch


def check(answer: tuple[int, dict[str, Any]], what: object) -> None:
    """An answer is good, or it is one sentence of who sent it being wrong."""
    status, value = answer
    assert status in (200, 400, 403, 413, 422), (status, value, str(what)[:2000])
    if status != 200:
        assert list(value) == ["error"], value
        assert "\n" not in value["error"]
        assert len(value["error"]) < 500


def settled(receiver: Receiver) -> None:
    """The receiver is as it was, and has logged no failure of its own."""
    assert receiver.send(body())[0] == 200
    log = "".join(receiver.log)
    for word in ("Traceback", '"a request failed"', '"a transaction failed"', '"a batch could not be read"', "died"):
        assert word not in log, log[-3000:]


def test_random_bytes(receiver: Receiver) -> None:
    print(f"PERFOPS_SEED={SEED}")
    chance = random.Random(SEED)
    whole = body()
    for number in range(ROUNDS):
        place = chance.randrange(len(whole))
        cut = whole[:place]
        flipped = cut + bytes([whole[place] ^ (1 << chance.randrange(8))]) + whole[place + 1 :]
        for data in (chance.randbytes(chance.randrange(2000)), cut, flipped, whole + chance.randbytes(9)):
            check(receiver.send(data), (number, data))
        check(receiver.call("POST", "/v1/trickle", chance.randbytes(chance.randrange(200))), number)
    settled(receiver)


def test_wrong_values(receiver: Receiver) -> None:
    print(f"PERFOPS_SEED={SEED}")
    chance = random.Random(SEED)
    for _ in range(ROUNDS * 3):
        value = changed(chance)
        text = json.dumps(value)
        check(receiver.send(gzip.compress(text.encode("utf-8", "surrogatepass"), 1)), text)
    settled(receiver)


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"null", b"[]", b"{}", b"NaN", b'{"a":NaN}', b"1e999", b"[" * 100_000, b'{"":' * 100_000, b"\xff\xfe{}"),
        *(b'{"identifier":"\\ud800"}', b'"' + b"x" * 1_000_000 + b'"', b"{} {}", b"\xef\xbb\xbf{}"),
    ],
)
def test_bodies_that_are_none(text: bytes, receiver: Receiver) -> None:
    for packed in (True, False):
        data, names = (gzip.compress(text), {"Content_Encoding": "gzip"}) if packed else (text, {})
        status, value = receiver.call("POST", "/v1/trickle", data, **names)
        assert (status in (400, 422), list(value)) == (True, ["error"])
    settled(receiver)


def test_names_of_megabytes(receiver: Receiver) -> None:
    giant = "x" * 10_000_000
    noise = random.Random(1).randbytes(3_000_000).hex()
    cases = [good() | {"identifier": giant[:7_000_000]}, good() | {"identifier": giant}, good() | {"collection": noise}]
    for place in range(3):
        batch = good()
        batch["measurements"][place + 1]["subsystem"] = f"container/docker/{noise}"
        cases.append(batch)
    labelled = good()
    labelled["measurements"][0]["measurement"] = json.dumps(host(labels={noise: noise[:9], "run": noise[:5000]}))
    for batch in [*cases, labelled]:
        check(receiver.send(gzip.compress(orjson.dumps(batch), 1)), "a name")
    for kind in ("chunked, gzip", "br", "gzip, gzip", "x" * 5000):
        check(receiver.call("POST", "/v1/trickle", b"{}", Content_Encoding=kind), kind)
    settled(receiver)


def test_zero_bytes_do_not_reach_the_database(receiver: Receiver) -> None:
    batch = good()
    collection = IDENTITY.replace("0d8f", "00ff")
    told = json.dumps(host(collection=collection, hostname="a\0b", labels={"a\0": "b\0", "run": "x\0"}))
    batch["collection"] = collection
    batch["measurements"][0]["measurement"] = told
    check(receiver.send(gzip.compress(orjson.dumps(batch))), batch)
    for record in batch["measurements"][1:]:
        record["measurement"] = record["measurement"].replace("sda", "s\0a").replace("eth0", "e\0h")
    batch["measurements"][0]["measurement"] = json.dumps(host(collection=collection))
    assert receiver.send(gzip.compress(orjson.dumps(batch)))[0] == 200
    settled(receiver)


def test_forms_that_are_none(receiver: Receiver) -> None:
    chance = random.Random(SEED)
    path = "/api/v1/performance/upload"
    field = b'--x\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
    machine = field % (b"machine_id", b"", b"vm-01")
    text = field % (b"file", b"", b"x") + machine + b"--x--"
    forms = [b"", b"--x--\r\n", machine, machine + b"--x--", b"x" * 5000, text]
    contents = (b"", b"\x1f\x8b\x08", b"{}", b"<html>", b"timestamp,cpu_user\n", b"timestamp\0", gzip.compress(b"x"))
    forms += [machine + field % (b"file", b'; filename="../../a"', each) + b"--x--\r\n" for each in contents]
    forms += [machine * 50 + b"--x--", field % (b"machine_id", b"", b"\xff") + b"--x--"]
    forms += [chance.randbytes(500) for _ in range(20)]
    for data in forms:
        for kind in ("multipart/form-data; boundary=x", "multipart/form-data", "text/plain"):
            check(receiver.call("POST", path, data, Content_Type=kind), data)
    settled(receiver)


def test_the_contract_holds(receiver: Receiver, tmp_path: Path) -> None:
    """schemathesis makes calls of the OpenAPI document and holds the answers to it."""
    schemathesis = Path(sys.executable).with_name("schemathesis")
    if not schemathesis.exists():
        pytest.skip("schemathesis is not installed")
    print(f"PERFOPS_SEED={SEED}")
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
    line = [schemathesis, "run", f"{receiver.url}/openapi.json", "--checks", checks, "--seed", str(SEED)]
    line += ["--max-examples", "200" if SOAK else "20", "-H", f"apikey: {receiver.key}", "--no-color"]
    line += ["--exclude-operation-id", "upload"]  # each is a process of its own: too slow to be called at random
    done = subprocess.run(line, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout[-6000:]
    settled(receiver)
