#!/bin/bash
# Contract: https://github.com/docker-library/mongo. The server is a stand-in: see `mongod` beside this.
source /usr/local/lib/entry.sh

if [[ ${1:-} == -* ]]; then
	set -- mongod "$@"
fi

if [[ ${1:-} == mongo* ]] && root; then
	if [[ $1 == mongod ]]; then
		own mongodb /data/configdb /data/db
	fi
	exec gosu mongodb "$0" "$@"
fi

# given OPTION WORD...
given() {
	local option=$1 word
	shift
	for word; do
		[[ $word != "$option" && $word != "$option="* ]] || return 0
	done
	return 1
}

initialise() {
	local tries file
	mongod --dbpath "$HOME_OF_DATA" --bind_ip 127.0.0.1 --port 27017 &
	temporary=$!
	for ((tries = 0; tries < 600; tries++)); do
		(exec 3<>/dev/tcp/127.0.0.1/27017) 2>/dev/null && break
		kill -0 "$temporary" 2>/dev/null || fail "mongod does not appear to have stayed running"
		sleep 0.05
	done
	if [[ -n $MONGO_INITDB_ROOT_USERNAME ]]; then
		/opt/secantus/bin/python -c '
import os, pymongo
pymongo.MongoClient("mongodb://127.0.0.1").admin.command(
    "createUser", os.environ["MONGO_INITDB_ROOT_USERNAME"], pwd=os.environ["MONGO_INITDB_ROOT_PASSWORD"],
    roles=[{"role": "root", "db": "admin"}])'
	fi
	export MONGO_INITDB_DATABASE=${MONGO_INITDB_DATABASE:-test}
	for file in /docker-entrypoint-initdb.d/*; do
		case $file in
		*.sh) echo "$0: running $file"; source "$file" ;;
		*.js) echo "$0: running $file"; mongosh --quiet "mongodb://127.0.0.1/$MONGO_INITDB_DATABASE" "$file" ;;
		'/docker-entrypoint-initdb.d/*') ;;
		*) echo "$0: ignoring $file" ;;
		esac
	done
	kill "$temporary"
	wait "$temporary"
	echo 'MongoDB init process complete; ready for start up.'
}

if [[ ${1:-} == mongod ]] && ! given --version "$@"; then
	from_file MONGO_INITDB_ROOT_USERNAME
	from_file MONGO_INITDB_ROOT_PASSWORD
	if [[ -n $MONGO_INITDB_ROOT_USERNAME && -n $MONGO_INITDB_ROOT_PASSWORD ]]; then
		given --auth "$@" || set -- "$@" --auth
	elif [[ -n $MONGO_INITDB_ROOT_USERNAME || -n $MONGO_INITDB_ROOT_PASSWORD ]]; then
		fail "missing 'MONGO_INITDB_ROOT_USERNAME' or 'MONGO_INITDB_ROOT_PASSWORD': both must be specified for a user to be created"
	fi
	HOME_OF_DATA=/data/db
	for ((i = 1; i <= $#; i++)); do
		case ${!i} in
		--dbpath=*) HOME_OF_DATA=${!i#*=} ;;
		--dbpath) j=$((i + 1)) && HOME_OF_DATA=${!j} ;;
		esac
	done
	if [[ ! -e $HOME_OF_DATA/WiredTiger ]] &&
		{ [[ -n $MONGO_INITDB_ROOT_USERNAME ]] || compgen -G '/docker-entrypoint-initdb.d/*.[sj]*' >/dev/null; }; then
		initialise
	fi
	if ! given --bind_ip "$@" && ! given --bind_ip_all "$@"; then
		set -- "$@" --bind_ip_all
	fi
	unset "${!MONGO_INITDB_@}"
fi

exec "$@"
