#!/bin/bash
# Contract: https://github.com/elastic/elasticsearch/tree/8.19/distribution/docker/src/docker/bin
set -e
PATH=/usr/share/elasticsearch/bin:$PATH
umask 0002
if [[ $1 != eswrapper && $(basename "$1") != elasticsearch ]]; then
	exec "$@"
fi
shift
if [[ -n ${ELASTIC_PASSWORD_FILE:-} ]]; then
	ELASTIC_PASSWORD=$(<"$ELASTIC_PASSWORD_FILE")
fi
if [[ -n ${ELASTIC_PASSWORD:-} ]]; then
	if ! [[ -f config/elasticsearch.keystore ]]; then
		elasticsearch-keystore create
	fi
	if ! elasticsearch-keystore list | grep -qx bootstrap.password; then
		elasticsearch-keystore add -x bootstrap.password <<<"$ELASTIC_PASSWORD"
	fi
fi
# A variable with a dot in its name is a setting.
while IFS= read -r -d '' variable; do
	if [[ $variable =~ ^[a-z0-9_]+(\.[a-z0-9_]+)+= ]]; then
		set -- "-E$variable" "$@"
	fi
done < <(env -0)
exec elasticsearch "$@"
