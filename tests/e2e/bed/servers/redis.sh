#!/bin/bash
# Redis and Valkey. Contract: https://github.com/redis/docker-library-redis, https://github.com/valkey-io/valkey-container
source /usr/local/lib/entry.sh

if [[ ${1:-} == -* || ${1:-} == *.conf ]]; then
	set -- "$SERVER" "$@"
fi

if [[ ${1:-} == "$SERVER" ]]; then
	if root; then
		own "$SERVER_USER" .
		exec setpriv --reuid="$SERVER_USER" --regid="$SERVER_USER" --clear-groups -- "$0" "$@"
	fi
	# The official images compile protected mode off; these binaries have it on, so they get the option, unless a file has it.
	shift
	file=()
	if [[ ${1:-} != -?* && $# -gt 0 ]]; then
		file=("$1")
		shift
	fi
	protected=(--protected-mode no)
	if [[ -f ${file[0]:-} ]] && grep -qiE '^[[:space:]]*protected-mode' "${file[0]}"; then
		protected=()
	fi
	case ${1:-} in
	-h | --help | -v | --version | --test-memory | --check-system) protected=() ;;
	esac
	set -- "$SERVER" "${file[@]}" "${protected[@]}" "$@"
fi

if [[ $(umask) == 0022 ]]; then
	umask 0077
fi
# shellcheck disable=SC2086
exec "$@" ${VALKEY_EXTRA_FLAGS:-}
