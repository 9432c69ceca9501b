#!/bin/bash
# Contract: https://github.com/apache/couchdb-docker
source /usr/local/lib/entry.sh

if [[ $1 == /opt/couchdb/bin/couchdb ]] && root; then
	own couchdb /opt/couchdb/data
	exec setpriv --reuid=couchdb --regid=couchdb --clear-groups -- "$@"
fi
exec "$@"
