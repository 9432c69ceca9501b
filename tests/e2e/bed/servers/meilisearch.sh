#!/bin/sh
# Contract: https://github.com/meilisearch/meilisearch/blob/main/Dockerfile (tini starts what it is given)
exec "$@"
