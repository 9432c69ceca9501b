#!/bin/bash
# Contract: https://github.com/docker-library/postgres, https://hub.docker.com/_/postgres
source /usr/local/lib/entry.sh

if [[ ${1:-} == -* ]]; then
	set -- postgres "$@"
fi

only_asks() {
	local word
	for word; do
		among "$word" '-?' --help --describe-config -V --version && return 0
	done
	return 1
}

# sql DATABASE OPTION...: as the superuser over the socket, whatever PGHOST says.
sql() {
	local database=$1
	shift
	PGHOST='' PGHOSTADDR='' psql -v ON_ERROR_STOP=1 --no-password --no-psqlrc -U "$POSTGRES_USER" -d "$database" "$@"
}

initialise() {
	if [[ -z $POSTGRES_PASSWORD && $POSTGRES_HOST_AUTH_METHOD != trust ]]; then
		cat >&2 <<-'END'
			Error: Database is uninitialized and superuser password is not specified.
			       You must specify POSTGRES_PASSWORD to a non-empty value for the superuser.
		END
		exit 1
	fi
	local options
	# As in the official image, the words of this variable are the shell's.
	eval "options=($POSTGRES_INITDB_ARGS)"
	if [[ -n ${POSTGRES_INITDB_WALDIR:-} ]]; then
		options+=(--waldir "$POSTGRES_INITDB_WALDIR")
	fi
	# --no-sync: half a second of each test. The official image syncs.
	initdb --no-sync --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") "${options[@]}"
	local method=$POSTGRES_HOST_AUTH_METHOD
	: "${method:=$(postgres -C password_encryption "${@:2}")}"
	printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"

	export PGPASSWORD=${PGPASSWORD:-$POSTGRES_PASSWORD}
	set -- "${@:2}" -c listen_addresses= -p "${PGPORT:-5432}"
	PGUSER=${PGUSER:-$POSTGRES_USER} pg_ctl -D "$PGDATA" -o "$(printf '%q ' "$@")" -w start
	if [[ $(sql postgres -At -v db="$POSTGRES_DB" <<<"SELECT 1 FROM pg_database WHERE datname = :'db'") != 1 ]]; then
		sql postgres -v db="$POSTGRES_DB" <<<'CREATE DATABASE :"db"'
	fi
	init_files sql "$POSTGRES_DB"
	PGUSER=${PGUSER:-postgres} pg_ctl -D "$PGDATA" -m fast -w stop
	unset PGPASSWORD
	printf '\nPostgreSQL init process complete; ready for start up.\n\n'
}

if [[ ${1:-} == postgres ]] && ! only_asks "$@"; then
	from_file POSTGRES_PASSWORD
	from_file POSTGRES_USER postgres
	from_file POSTGRES_DB "$POSTGRES_USER"
	from_file POSTGRES_INITDB_ARGS
	: "${POSTGRES_HOST_AUTH_METHOD:=}"
	mkdir -p "$PGDATA" ${POSTGRES_INITDB_WALDIR:+"$POSTGRES_INITDB_WALDIR"}
	chmod 700 "$PGDATA" ${POSTGRES_INITDB_WALDIR:+"$POSTGRES_INITDB_WALDIR"} || :
	mkdir -p /var/run/postgresql || :
	chmod 3775 /var/run/postgresql || :
	if root; then
		own postgres "$PGDATA" /var/run/postgresql ${POSTGRES_INITDB_WALDIR:+"$POSTGRES_INITDB_WALDIR"}
		exec gosu postgres "$0" "$@"
	fi
	if [[ -s $PGDATA/PG_VERSION ]]; then
		printf '\nPostgreSQL Database directory appears to contain a database; Skipping initialization\n\n'
	else
		initialise "$@"
	fi
fi

exec "$@"
