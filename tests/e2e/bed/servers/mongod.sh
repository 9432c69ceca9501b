#!/bin/bash
# NOT MongoDB: `mongod` as far as tests start it, in front of SecantusDB, which speaks MongoDB's protocol.
set -eu
home=/data/db host=127.0.0.1 port=27017
words=(--standalone --log-level WARNING)
while (($#)); do
	word=$1 value=${2:-}
	shift
	case $word in
	--*=*) value=${word#*=} word=${word%%=*} ;;
	--dbpath | --bind_ip | --port | --wiredTigerCacheSizeGB) shift || : ;;
	esac
	case $word in
	--dbpath) home=$value ;;
	--bind_ip) host=${value%%,*} ;;
	--bind_ip_all) host=0.0.0.0 ;;
	--port) port=$value ;;
	--auth) words+=(--auth) ;;
	--wiredTigerCacheSizeGB) words+=(--cache-size "$(awk "BEGIN { print int($value * 1024) }")M") ;;
	--quiet) ;;
	--version)
		/opt/secantus/bin/python -c 'from importlib.metadata import version; print("db version v8.2.11 (a stand-in: SecantusDB %s)" % version("secantusdb"))'
		exit
		;;
	*)
		echo "Error parsing command line: unrecognised option '$word' (this mongod is a stand-in of the test bed)" >&2
		exit 2
		;;
	esac
done
[[ $host != localhost && $host != '*' ]] || host=127.0.0.1
# Its stop waits 2 s for a thread that sleeps in accept(); this wakes the thread.
program='
import contextlib, socket, sys
from secantus import cli, server
stop = server.SecantusDBServer.stop
def at_once(self):
    with contextlib.suppress(OSError, AttributeError):
        self._socket.shutdown(socket.SHUT_RDWR)
    stop(self)
server.SecantusDBServer.stop = at_once
sys.exit(cli.main())
'
exec /opt/secantus/bin/python -c "$program" "${words[@]}" --storage-path "$home" --host "$host" --port "$port"
