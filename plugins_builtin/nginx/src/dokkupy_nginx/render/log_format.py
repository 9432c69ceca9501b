"""The format of access logs: nginx's `combined`, and behind it when a request ended, how long it took and how long its instance took."""

FORMAT_NAME = "dokkupy"
LOG_FORMAT = (
    f'log_format {FORMAT_NAME} \'$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
    '"$http_referer" "$http_user_agent" $msec $request_time $upstream_header_time\';'
)
"""nginx escapes quotes in what clients sent, so the fields behind the last quote are its own."""
