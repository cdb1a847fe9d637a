"""Per-interface detail: every interface the kernel lists."""

from perfops.catalogue.model import Key, Kind, Metric, Unit


def _metric(name: str, field: str, text: str, unit: Unit = Unit.PER_SECOND) -> Metric:
    return Metric(name, unit, f"Δ{field} ÷ Δt", "/proc/net/dev", text)


NET = Kind(
    name="net",
    file="net.csv",
    table="net_sample",
    description="Each network interface.",
    keys=(Key("interface", "name of the interface"),),
    metrics=(
        _metric("rx_bytes", "receive bytes", "Received", Unit.BYTES_PER_SECOND),
        _metric("tx_bytes", "transmit bytes", "Sent", Unit.BYTES_PER_SECOND),
        _metric("rx_packets", "receive packets", "Packets received"),
        _metric("tx_packets", "transmit packets", "Packets sent"),
        _metric("rx_errors", "receive errs", "Packets received with an error"),
        _metric("tx_errors", "transmit errs", "Packets that could not be sent"),
        _metric("rx_drops", "receive drop", "Packets received and dropped"),
        _metric("tx_drops", "transmit drop", "Packets dropped before they were sent"),
    ),
)
