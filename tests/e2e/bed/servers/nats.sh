#!/bin/sh
# Contract: https://github.com/nats-io/nats-docker
set -e
case ${1:-} in
-*) set -- nats-server "$@" ;;
esac
exec "$@"
