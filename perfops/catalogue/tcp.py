"""TCP and UDP; columns of the system row."""

from perfops.catalogue.model import Metric, Unit


def _rate(name: str, field: str, text: str, source: str = "/proc/net/snmp") -> Metric:
    return Metric(name, Unit.PER_SECOND, f"Δ{field} ÷ Δt", source, text, optional=True)


TCP = (
    _rate("tcp_active_opens", "Tcp ActiveOpens", "Connections opened from here"),
    _rate("tcp_passive_opens", "Tcp PassiveOpens", "Connections opened from elsewhere"),
    _rate("tcp_segments_received", "Tcp InSegs", "Segments received"),
    _rate("tcp_segments_sent", "Tcp OutSegs", "Segments sent, those sent again left out"),
    _rate("tcp_retransmits", "Tcp RetransSegs", "Segments sent again"),
    _rate("tcp_resets_sent", "Tcp OutRsts", "Connections broken off from here"),
    Metric(
        "tcp_established", Unit.COUNT, "Tcp CurrEstab", "/proc/net/snmp", "Connections that are open", optional=True
    ),
    _rate(
        "tcp_listen_overflows",
        "TcpExt ListenOverflows",
        "Connections that a program's full queue turned away",
        "/proc/net/netstat",
    ),
    _rate(
        "tcp_listen_drops",
        "TcpExt ListenDrops",
        "Connections turned away for any reason, full queues included",
        "/proc/net/netstat",
    ),
    _rate("tcp_timeouts", "TcpExt TCPTimeouts", "Retransmission timers that ran out", "/proc/net/netstat"),
    _rate("udp_errors", "Udp InErrors", "Datagrams received and not delivered"),
    _rate(
        "udp_buffer_errors", "(Udp RcvbufErrors + Udp SndbufErrors)", "Datagrams lost to a full buffer of their socket"
    ),
)
