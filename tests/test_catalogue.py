"""The catalogue: complete, and in step with the contract for host.csv and containers.csv."""

from perfops.catalogue import CONTAINER, HOST, KINDS

HOST_CSV = (
    "timestamp,cpu_user,cpu_system,cpu_iowait,cpu_idle,cpu_steal,mem_total,mem_used,mem_available,mem_buffers,mem_cached,"
    "disk_read_bytes,disk_write_bytes,disk_read_ops,disk_write_ops,net_rx_bytes,net_tx_bytes,net_rx_packets,net_tx_packets"
)
CONTAINERS_CSV = (
    "timestamp,container_id,container_name,runtime,cpu_percent,cpu_user_percent,cpu_system_percent,memory_current_bytes,"
    "memory_max_bytes,memory_percent,io_read_bytes,io_write_bytes,io_read_ops,io_write_ops,pids_current"
)
ADDED = "cpu_throttled_percent,throttled_periods_percent,memory_anon_bytes,memory_file_bytes,pids_max"


def test_host_csv_has_exactly_the_nineteen_columns_of_the_contract() -> None:
    assert ",".join(HOST.columns) == HOST_CSV
    assert len(HOST.columns) == 19


def test_containers_csv_has_the_columns_of_the_contract_in_their_place_and_others_behind_them() -> None:
    assert ",".join(CONTAINER.columns) == f"{CONTAINERS_CSV},{ADDED}"


def test_every_metric_is_described() -> None:
    for kind in KINDS:
        assert kind.description
        for metric in kind.metrics:
            assert metric.formula, metric
            assert metric.source, metric
            assert metric.description, metric


def test_names_are_unique() -> None:
    for kind in KINDS:
        assert len(set(kind.columns)) == len(kind.columns)
    for attribute in ("name", "file", "table"):
        assert len({getattr(kind, attribute) for kind in KINDS}) == len(KINDS)
