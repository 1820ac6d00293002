"""The columns of `trials.csv` about how long connections and answers took."""

from __future__ import annotations

from contract.columns.column import Column

TIMES: tuple[Column, ...] = (
    Column("idle_connect_s", "float", "time to establish all idle connections"),
    Column("connect_p50_us", "float", "time to connect, median"),
    Column("connect_p99_us", "float", "time to connect, 99th percentile"),
    Column("connect_p999_us", "float", "time to connect, 99.9th percentile"),
    Column("connect_max_us", "float", "time to connect, maximum"),
    Column("first_response_p50_us", "float", "connect to first response, median"),
    Column("first_response_p99_us", "float", "connect to first response, 99th percentile"),
    Column("first_response_max_us", "float", "connect to first response, maximum"),
    Column("response_p50_us", "float", "response time, median"),
    Column("response_p90_us", "float", "response time, 90th percentile"),
    Column("response_p99_us", "float", "response time, 99th percentile"),
    Column("response_p999_us", "float", "response time, 99.9th percentile"),
    Column("response_max_us", "float", "response time, maximum"),
    Column("response_mean_us", "float", "response time, mean"),
    Column("response_stddev_us", "float", "response time, standard deviation"),
    Column("service_p50_us", "float", "open loop: from the send to the response, median"),
    Column("service_p99_us", "float", "service time, 99th percentile"),
    Column("service_p999_us", "float", "service time, 99.9th percentile"),
    Column("service_max_us", "float", "service time, maximum"),
    Column("lag_p99_us", "float", "open loop: how late the engine was, 99th percentile"),
    Column("lag_max_us", "float", "how late the engine was, maximum"),
    Column("most_waiting", "int", "open loop: longest queue for a free connection"),
    Column(
        "unanswered",
        "int",
        "requests whose ages at the end of the window are among the response times: all that were "
        "due in an open loop, those older than the answers let expect in a closed one",
    ),
    Column("oldest_unanswered_us", "float", "age of the oldest of them"),
    Column(
        "lower_bounds",
        "text",
        "times above that what had not ended may have kept low, by their columns, with spaces",
        added=True,
    ),
    Column("kinds", "text", "of a mix, by path: requests, p50_us, p99_us, lower_bounds; as JSON"),
)
