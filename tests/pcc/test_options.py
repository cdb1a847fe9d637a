"""Flags and environment: the flag wins, and an error names where the value came from."""

from pathlib import Path

import pytest
from fix_pcc import environment, run

from perfops.pcc.errors import PccError
from perfops.pcc.options import UUID, make_id, read_options
from perfops.pcc.sources import GROUPS

IDENTITY = "0d8f1a52-6c0e-4f2f-9b57-0c6f5a3b1e77"


def refused(arguments: list[str], variables: dict[str, str] | None = None) -> str:
    with pytest.raises(PccError) as caught:
        read_options(arguments, variables or {})
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_the_defaults() -> None:
    options = read_options([], {})
    assert (options.mode, options.duration, options.frequency, options.labels) == ("local", 600, 1, {})
    assert (options.proc_root, options.sys_root, options.quiet) == ("/proc", "/sys", False)
    assert options.collection == options.id + ".json"
    assert UUID.fullmatch(options.id)


def test_every_value_comes_from_the_environment() -> None:
    options = read_options(
        [],
        {
            "PCC_MODE": "local", "PCC_DURATION": "1h30m", "PCC_FREQUENCY": "250ms", "PCC_COLLECTION": "/a/b.json",
            "PCC_ID": IDENTITY.upper(), "PCC_IDENTIFIER": "vm-1", "PCC_LABELS": "k=v", "PCC_PROC_ROOT": "/host/proc",
            "PCC_SYS_ROOT": "/host/sys", "PCC_WITHOUT": "tcp,pressure", "PCC_ROTATE": "100M", "PCC_MAX_BYTES": "5G",
            "PCC_MIN_FREE": "0", "PCC_NICE": "5", "PCC_IONICE": "best-effort:7", "PCC_OOM_SCORE_ADJ": "-500",
            "PCC_START_AT": "2026-01-10T20:35:00.5Z", "PCC_CLOUD": "off", "PCC_METADATA_ADDRESS": "127.0.0.1:8080",
        },
    )  # fmt: skip
    assert options == read_options([], {"PCC_ID": IDENTITY})._replace(
        mode="local",
        duration=5400,
        frequency=0.25,
        start_at=1768077300.5,
        collection="/a/b.json",
        identifier="vm-1",
        labels={"k": "v"},
        without={"tcp", "pressure"},
        cloud=False,
        metadata_address=("127.0.0.1", 8080),
        rotate=100 << 20,
        max_bytes=5 << 30,
        min_free=0,
        nice=5,
        ionice=(2, 7),
        oom_score_adj=-500,
        proc_root="/host/proc",
        sys_root="/host/sys",
    )


@pytest.mark.parametrize(
    ("name", "given", "flag", "read"),
    [
        ("DURATION", "2h", "90s", 90),
        ("FREQUENCY", "5x", "250ms", 0.25),
        ("COLLECTION", "a.json", "b.json", "b.json"),
        ("ID", "no id", IDENTITY, IDENTITY),
        ("IDENTIFIER", "vm-1", "vm-2", "vm-2"),
        ("LABELS", "no label", "k=v", {"k": "v"}),
        ("MODE", "trickle", "local", "local"),
        ("PROC_ROOT", "/a", "/b", "/b"),
        ("SYS_ROOT", "/a", "/b", "/b"),
        ("WITHOUT", "x", "tcp", {"tcp"}),
        ("METADATA_ADDRESS", "x", "127.0.0.1:80", ("127.0.0.1", 80)),
        ("ROTATE", "1x", "2K", 2048),
        ("MAX_BYTES", "1x", "3MB", 3 << 20),
        ("MIN_FREE", "1x", "0", 0),
        ("NICE", "x", "19", 19),
        ("IONICE", "x", "idle", (3, 0)),
        ("OOM_SCORE_ADJ", "x", "1000", 1000),
    ],
)
def test_the_flag_beats_the_environment(name: str, given: str, flag: str, read: object) -> None:
    options = read_options(["--" + name.lower().replace("_", "-"), flag], {"PCC_" + name: given})
    assert getattr(options, name.lower()) == read


def test_the_cloud_is_asked_at_its_own_address_unless_told_not_to() -> None:
    options = read_options([], {})
    assert (options.cloud, options.metadata_address) == (True, ("169.254.169.254", 80))
    assert read_options([], {"PCC_CLOUD": "on"}).cloud
    assert not read_options(["--no-cloud"], {"PCC_CLOUD": "on"}).cloud


def test_containers_only_leaves_out_all_other_groups() -> None:
    assert read_options(["--containers-only"], {}).without == set(GROUPS) - {"containers"}
    assert read_options(["--containers-only", "--without", "containers"], {}).without == set(GROUPS)


def test_an_empty_variable_is_none() -> None:
    assert read_options([], {"PCC_DURATION": "", "PCC_LABELS": ""}).duration == 600


@pytest.mark.parametrize(
    ("arguments", "variables", "sentence"),
    [
        ([], {"PCC_FREQUENCY": "5x"}, "bad value for PCC_FREQUENCY: '5x' (try 5s)"),
        (["--frequency", "5x"], {}, "bad value for --frequency: '5x' (try 5s)"),
        ([], {"PCC_DURATION": "ten"}, "bad value for PCC_DURATION: 'ten' (try 10m)"),
        (["--start-at", "tomorrow"], {}, "bad value for --start-at: 'tomorrow' (try 2026-01-10T20:35:00Z)"),
        (["--start-at", "nan"], {}, "bad value for --start-at: 'nan' (try 2026-01-10T20:35:00Z)"),
        (["--frequency", "9ms"], {}, "bad value for --frequency: '9ms' is below 10ms (try 250ms)"),
        (
            ["--duration", "1s", "--frequency", "5s"], {},
            "bad value for --duration: '1s' is shorter than the frequency of 5s (try 50s)",
        ),
        (
            ["--frequency", "70ms"], {"PCC_DURATION": "20ms"},
            "bad value for PCC_DURATION: '20ms' is shorter than the frequency of 0.07s (try 0.7s)",
        ),
        (["--mode", "trickle"], {},
            "trickle mode needs the receiver (set --server https://receiver:8443, or PCC_SERVER)"),
        ([], {"PCC_MODE": "remote"}, "bad value for PCC_MODE: 'remote' (try local or trickle)"),
        ([], {"PCC_CLOUD": "no"}, "bad value for PCC_CLOUD: 'no' (try off)"),
        (["--metadata-address", "localhost:80"], {},
            "bad value for --metadata-address: 'localhost:80' (try 127.0.0.1:8080)"),
        (["--metadata-address", "127.0.0.1:65536"], {},
            "bad value for --metadata-address: '127.0.0.1:65536' (try 127.0.0.1:8080)"),
        (["--duration"], {}, "argument --duration: expected one argument (try pcc --help)"),
        (["--durations", "5s"], {}, "unrecognized arguments: --durations 5s (try pcc --help)"),
        (["5s"], {}, "unrecognized arguments: 5s (try pcc --help)"),
    ],
)  # fmt: skip
def test_an_error_is_one_sentence(arguments: list[str], variables: dict[str, str], sentence: str) -> None:
    assert refused(arguments, variables) == sentence


def test_a_bad_id_is_told_as_it_was_given_with_a_good_one_to_take() -> None:
    told = refused(["--id", "My-Id"])
    assert told.startswith("bad value for --id: 'My-Id' (try ")
    assert UUID.fullmatch(told[:-1].rpartition(" ")[2])


def test_ids_are_random_uuids_of_version_4() -> None:
    made = {make_id() for _ in range(100)}
    assert len(made) == 100
    assert all(UUID.fullmatch(each) and each[14] == "4" and each[19] in "89ab" for each in made)


@pytest.mark.parametrize(
    ("arguments", "variables", "sentence"),
    [
        ([], {"PCC_FREQUENCY": "5x"}, "pcc: bad value for PCC_FREQUENCY: '5x' (try 5s)\n"),
        (["--rate", "5s"], {}, "pcc: unrecognized arguments: --rate 5s (try pcc --help)\n"),
        (["--proc-root", "/nowhere"], {}, "pcc: nothing to sample in /nowhere (try --proc-root /proc)\n"),
    ],
)
def test_bad_input_ends_the_program_with_2_one_line_and_no_file(
    packed: Path, tmp_path: Path, arguments: list[str], variables: dict[str, str], sentence: str
) -> None:
    done = run(packed, *arguments, env=environment(**variables), cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", sentence)
    assert not list(tmp_path.iterdir())


NEEDED = {"PCC_MODE": "trickle", "PCC_SERVER": "receiver:8080", "PCC_APIKEY": "secret"}


def test_the_defaults_of_trickle_mode() -> None:
    options = read_options([], NEEDED)
    assert options.server == ("http://receiver:8080", False, "receiver", 8080, "")
    assert (options.apikey, options.cafile, options.keep_sent) == ("secret", "", False)
    assert options.spool == str(Path("~/.perfops/spool").expanduser())
    assert (options.spool_max, options.spool_full, options.batch, options.flush) == (1 << 30, "drop-oldest", 10, 30)


@pytest.mark.parametrize(
    ("name", "given", "flag", "read"),
    [
        ("SERVER", "x", "https://r/p/", ("https://r:443", True, "r", 443, "/p")),
        ("SPOOL", "/a", "/b", "/b"),
        ("SPOOL_MAX", "x", "2M", 2 << 20),
        ("SPOOL_FULL", "x", "stop", "stop"),
        ("BATCH", "x", "5s", 5),
        ("FLUSH", "x", "0", 0),
        ("CAFILE", "/nowhere", __file__, __file__),
    ],
)
def test_the_flag_beats_the_environment_in_trickle_mode(name: str, given: str, flag: str, read: object) -> None:
    options = read_options(["--" + name.lower().replace("_", "-"), flag], NEEDED | {"PCC_" + name: given})
    assert getattr(options, name.lower()) == read
    if name != "CAFILE":
        assert getattr(read_options([], NEEDED | {"PCC_" + name: flag}), name.lower()) == read


def test_the_spool_and_what_is_kept_in_it_by_the_environment() -> None:
    options = read_options([], NEEDED | {"PCC_SPOOL": "~/spool", "PCC_KEEP_SENT": "on"})
    assert (options.spool, options.keep_sent) == (str(Path("~/spool").expanduser()), True)


def test_the_key_comes_from_a_file_that_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.touch(mode=0o600)
    path.write_text("from-a-file\n")
    assert read_options(["--apikey-file", str(path)], NEEDED).apikey == "from-a-file"
    without = {name: value for name, value in NEEDED.items() if name != "PCC_APIKEY"}
    assert read_options([], without | {"PCC_APIKEY_FILE": str(path)}).apikey == "from-a-file"
    path.chmod(0o640)
    told = refused(["--apikey-file", str(path)], NEEDED)
    assert told == f"--apikey-file {path} may be read by others, mode 0640 (chmod 600 {path})"


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"PCC_SERVER": "receiver"},
            "bad value for PCC_SERVER: 'receiver' (try https://receiver:8443 or receiver:8080)"),
        ({"PCC_SERVER": "ftp://receiver"},
            "bad value for PCC_SERVER: 'ftp://receiver' (try https://receiver:8443 or receiver:8080)"),
        ({"PCC_SERVER": "http://u:secret@receiver"},
            "bad value for PCC_SERVER: it has an @ in it (try https://receiver:8443 or receiver:8080)"),
        ({"PCC_SERVER": "receiver:0"},
            "bad value for PCC_SERVER: 'receiver:0' (try https://receiver:8443 or receiver:8080)"),
        ({"PCC_APIKEY": ""}, "trickle mode needs a key (set --apikey-file FILE, PCC_APIKEY_FILE or PCC_APIKEY)"),
        ({"PCC_APIKEY": "two words"}, "no key in PCC_APIKEY (one line of plain letters)"),
        ({"PCC_APIKEY": "", "PCC_APIKEY_FILE": "/nowhere"},
            "cannot read PCC_APIKEY_FILE /nowhere: No such file or directory (name the file with the key)"),
        ({"PCC_CAFILE": "/nowhere"}, "cannot read PCC_CAFILE /nowhere (name a file of certificates in PEM)"),
        ({"PCC_SPOOL_MAX": "1K"}, "bad value for PCC_SPOOL_MAX: '1K' (try 1G; less than 64K holds nothing)"),
        ({"PCC_SPOOL_FULL": "wait"}, "bad value for PCC_SPOOL_FULL: 'wait' (try drop-oldest or stop)"),
        ({"PCC_BATCH": "0"}, "bad value for PCC_BATCH: '0' (try 10s)"),
        ({"PCC_FLUSH": "x"}, "bad value for PCC_FLUSH: 'x' (try 30s)"),
    ],
)  # fmt: skip
def test_an_error_of_trickle_mode_is_one_sentence(variables: dict[str, str], sentence: str) -> None:
    assert refused([], NEEDED | variables) == sentence
