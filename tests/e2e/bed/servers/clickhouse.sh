#!/bin/bash
# Contract: https://github.com/ClickHouse/ClickHouse/tree/master/docker/server
source /usr/local/lib/entry.sh

if [[ $# -gt 0 && $1 != --* ]]; then
	exec "$@"
fi
if root; then
	own clickhouse /var/lib/clickhouse /var/log/clickhouse-server
	exec setpriv --reuid=clickhouse --regid=clickhouse --clear-groups -- "$0" "$@"
fi
exec clickhouse-server --config-file=/etc/clickhouse-server/config.xml "$@"
