#!/bin/sh
# Contract: https://github.com/restic/rest-server/tree/master/docker
set -e
if [ -n "$DISABLE_AUTHENTICATION" ]; then
	OPTIONS="--no-auth $OPTIONS"
else
	[ -f "$PASSWORD_FILE" ] || (umask 077 && : >"$PASSWORD_FILE")
	[ -s "$PASSWORD_FILE" ] || echo "**WARNING** No user exists, please 'docker exec -it CONTAINER create_user USER'" >&2
	OPTIONS="--htpasswd-file $PASSWORD_FILE $OPTIONS"
fi
if [ $# -gt 0 ]; then
	exec "$@"
fi
# shellcheck disable=SC2086
exec rest-server --path "$DATA_DIRECTORY" $OPTIONS
