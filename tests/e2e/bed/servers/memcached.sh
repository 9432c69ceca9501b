#!/bin/sh
# Contract: https://github.com/docker-library/memcached
set -e
case ${1:-} in
-*) set -- memcached "$@" ;;
esac
exec "$@"
