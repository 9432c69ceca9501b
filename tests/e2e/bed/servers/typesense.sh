#!/bin/sh
# Contract: https://github.com/typesense/typesense/blob/main/docker/deployment.Dockerfile, whose entry point is the server.
exec /opt/typesense-server "$@"
