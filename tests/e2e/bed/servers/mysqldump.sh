#!/bin/bash
# mysqldump of the stand-in for MySQL: MariaDB's, which takes MySQL's options that it has no use for.
words=()
for word; do
	case $word in
	--set-gtid-purged=* | --column-statistics=* | --skip-column-statistics | --get-server-public-key) ;;
	*) words+=("$word") ;;
	esac
done
exec /opt/mariadb/bin/mysqldump "${words[@]}"
