#!/bin/bash
# Contract: https://github.com/docker-library/rabbitmq. The server itself reads RABBITMQ_DEFAULT_USER, _PASS and _VHOST.
source /usr/local/lib/entry.sh

if [[ ${1:-} == rabbitmq* ]] && root; then
	if [[ $1 == rabbitmq-server ]]; then
		own rabbitmq /var/lib/rabbitmq
	fi
	exec gosu rabbitmq "$0" "$@"
fi

if [[ ${1:-} == rabbitmq-server ]]; then
	for name in RABBITMQ_DEFAULT_PASS_FILE RABBITMQ_DEFAULT_USER_FILE RABBITMQ_VM_MEMORY_HIGH_WATERMARK \
		RABBITMQ_SSL_CACERTFILE RABBITMQ_SSL_CERTFILE RABBITMQ_SSL_KEYFILE RABBITMQ_SSL_VERIFY; do
		# As the official image since 3.9: it must be a file in /etc/rabbitmq/conf.d instead.
		[[ -z ${!name:-} ]] || fail "deprecated environment variables detected: $name"
	done
fi

# The official 3.x images write the cookie that the environment gives, once.
cookie=/var/lib/rabbitmq/.erlang.cookie
if [[ -n ${RABBITMQ_ERLANG_COOKIE:-} && ${1:-} == rabbitmq-server ]]; then
	if [[ ! -e $cookie ]]; then
		(umask 077 && printf '%s' "$RABBITMQ_ERLANG_COOKIE" >"$cookie")
	elif [[ $(<"$cookie") != "$RABBITMQ_ERLANG_COOKIE" ]]; then
		echo "warning: $cookie contents do not match RABBITMQ_ERLANG_COOKIE" >&2
	fi
fi

if [[ $(hostname) != "$(hostname -s)" ]]; then
	export RABBITMQ_USE_LONGNAME=${RABBITMQ_USE_LONGNAME:-true}
fi

exec "$@"
