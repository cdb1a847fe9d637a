"""TCP and UDP: columns by their names, wherever they stand."""

from math import isnan

import pytest

from perfops.catalogue.tcp import TCP
from perfops.samples import tcp

NAMES = [metric.name for metric in TCP]
TCP_COLUMNS = "RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs"
TCP_COLUMNS += " OutSegs RetransSegs InErrs OutRsts"
UDP_COLUMNS = "InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors"


def snmp(step: int, *, turned: bool = False) -> str:
    """A /proc/net/snmp in which the counters have grown by their place times `step`."""
    tables = ""
    for table, columns in (("Tcp", TCP_COLUMNS), ("Udp", UDP_COLUMNS)):
        names = columns.split()
        numbers = ["1", "200", "120000", "-1"] if table == "Tcp" else []
        numbers += [str(100 + step * place) for place in range(len(numbers), len(names))]
        if turned:
            names, numbers = names[::-1], numbers[::-1]
        tables += f"{table}: {' '.join(names)}\n{table}: {' '.join(numbers)}\n"
    return tables


def netstat(overflows: int, drops: int, timeouts: int, more: str = "") -> str:
    names = f"ListenOverflows ListenDrops{more and ' More'} TCPTimeouts"
    return f"TcpExt: {names}\nTcpExt: {overflows} {drops}{more} {timeouts}\n"


def figures(snmp_texts: tuple[str, str], netstat_texts: tuple[str, str], seconds: float = 2.0) -> dict[str, float]:
    first, first_netstat = tcp.parse_snmp(snmp_texts[0]), tcp.parse_netstat(netstat_texts[0])
    second, second_netstat = tcp.parse_snmp(snmp_texts[1], first), tcp.parse_netstat(netstat_texts[1], first_netstat)
    return dict(zip(NAMES, tcp.figures(first, second, first_netstat, second_netstat, seconds), strict=True))


@pytest.mark.parametrize("turned", [False, True])
def test_figures_by_the_names_of_their_columns(turned: bool) -> None:
    found = figures((snmp(0), snmp(20, turned=turned)), (netstat(1, 2, 3), netstat(5, 8, 13, " 77")))
    assert found == pytest.approx(
        {
            "tcp_active_opens": 40,
            "tcp_passive_opens": 50,
            "tcp_segments_received": 90,
            "tcp_segments_sent": 100,
            "tcp_retransmits": 110,
            "tcp_resets_sent": 130,
            "tcp_established": 100 + 8 * 20,
            "tcp_listen_overflows": 2,
            "tcp_listen_drops": 3,
            "tcp_timeouts": 5,
            "udp_errors": 20,
            "udp_buffer_errors": 40 + 50,
        }
    )


def test_a_whole_table_gives_what_the_chosen_tables_give() -> None:
    others = "Ip: Forwarding DefaultTTL\nIp: 2 64\nIcmp: InMsgs\nIcmp: 7\n"
    whole = others + snmp(3) + "UdpLite: InErrors\nUdpLite: 99\n"
    assert tcp.parse_snmp(whole).numbers == tcp.parse_snmp(snmp(3)).numbers


def test_empty_lines_between_the_tables_do_not_matter() -> None:
    text = snmp(3).replace("Udp: In", "\nUdp: In")
    assert tcp.parse_snmp(text).numbers == tcp.parse_snmp(text, tcp.parse_snmp(snmp(1))).numbers
    assert tcp.parse_snmp(text).numbers == tcp.parse_snmp(snmp(3)).numbers


def test_a_line_of_numbers_that_grows_is_read_anew() -> None:
    first, longer = snmp(1), snmp(2).replace("Tcp: 1 200", "Tcp: 1 200 7 8 9", 1)
    assert tcp.parse_snmp(longer, tcp.parse_snmp(first)).numbers == tcp.parse_snmp(longer).numbers


def test_a_counter_that_falls_has_no_value_and_a_level_may() -> None:
    found = figures((snmp(20), snmp(10)), (netstat(1, 1, 1), netstat(1, 0, 2)))
    assert isnan(found["tcp_segments_sent"])
    assert isnan(found["tcp_listen_drops"])
    assert (found["tcp_established"], found["tcp_listen_overflows"], found["tcp_timeouts"]) == (180, 0, 0.5)


def test_columns_a_kernel_does_not_have_are_empty() -> None:
    text = "TcpExt: ListenDrops\nTcpExt: 4\n"
    found = figures((snmp(1), snmp(1)), (text, text))
    assert isnan(found["tcp_listen_overflows"])
    assert found["tcp_listen_drops"] == 0


def test_a_file_alone_gives_its_own_columns() -> None:
    tables = tcp.parse_snmp(snmp(1))
    found = dict(zip(NAMES, tcp.figures(None, tables, None, None, 1.0), strict=True))
    assert {name for name, value in found.items() if not isnan(value)} == {"tcp_established"}
    found = dict(zip(NAMES, tcp.figures(tables, tables, None, None, 1.0), strict=True))
    assert {name for name, value in found.items() if isnan(value)} == {
        "tcp_listen_overflows",
        "tcp_listen_drops",
        "tcp_timeouts",
    }


@pytest.mark.parametrize(
    "text",
    [
        "nothing\n",
        "Tcp: ActiveOpens InSegs\nTcp: 5\n",
        "Tcp: ActiveOpens\nUdp: InErrors\nUdp: 5\n",
        "Tcp: ActiveOpens\nTcp: x\n",
        f"Tcp: ActiveOpens\nTcp: {'9' * 30}\n",
    ],
)
def test_what_is_no_pair_of_lines_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        tcp.parse_snmp(text)
