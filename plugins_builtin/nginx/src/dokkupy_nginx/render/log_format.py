"""The formats of access logs: nginx's `combined`, and behind it how long each request took.

`$msec` and `$upstream_header_time` would cost 1,300 of a request's 31,500 instructions: the time is in `combined`, and only the
locations of the proxy's own errors know that no instance answered, so their lines have a mark. For gRPC, whose errors have no
location, the instance's time tells.
"""

FORMAT_NAME = "dokkupy_timed"
LOST = "dokkupy_lost"
FULL = "dokkupy"
"""Of gRPC, and of files that an earlier version wrote."""

COMBINED = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
)
LOG_FORMATS = tuple(
    f"log_format {name} '{COMBINED} {more}';"
    for name, more in (
        (FORMAT_NAME, "$request_time"),
        (LOST, "$request_time -"),
        (FULL, "$msec $request_time $upstream_header_time"),
    )
)
"""nginx escapes quotes in what clients sent, so the fields behind the last quote are its own."""
