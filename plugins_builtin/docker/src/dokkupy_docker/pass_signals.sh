# Runs its arguments and passes signals on to them. Without it, a shell between the init and the app takes the stop
# signal and dies, and the container ends with it, in the middle of what the app does.
# - A signal goes to each process that handles it, unless a parent handles it too: a server stops its own workers.
# - When those have ended, what is left gets the signal. The container ends when nothing is left.
# - The engine kills what is still there after the stop timeout.
# A terminal sends its signals to all processes itself.
[ -t 0 ] && exec "$@"

# Sets $all to our processes, $handlers to those that handle signal $1, $heirs to those of them without such a parent.
look() {
    all= handlers= heirs= seen=
    for path in /proc/[0-9]*; do
        pid=${path#/proc/} state= parent= caught=
        while read -r key value rest; do
            case $key in
                State:) state=$value ;;
                PPid:) parent=$value ;;
                SigCgt:) caught=$value && break ;;
            esac
        done 2>/dev/null <"$path/status"
        case $state$caught in '' | [ZX]*) continue ;; esac
        eval "parent_$pid=$parent caught_$pid=$((0x${caught#????????} >> ($1 - 1) & 1))"
        seen="$seen $pid"
    done
    eval "judge $seen"
}

judge() {
    for pid; do
        eval "handles=\$caught_$pid above=\$parent_$pid" heir=1
        case $pid in $$ | $PPID) continue ;; esac
        # Up to this shell, or to the init, which adopts orphans. A command that was executed from outside has neither.
        while :; do
            case $above in
                $$) break ;;
                0 | 1) [ "$above" = "$PPID" ] && break || continue 2 ;;
                "$PPID") continue 2 ;;
            esac
            eval "over=\${caught_$above:-0} above=\${parent_$above:-0}"
            case $over in 1) heir= ;; esac
        done
        all="$all $pid"
        case $handles in 1) handlers="$handlers $pid" && [ "$heir" ] && heirs="$heirs $pid" ;; esac
    done
}

# Sets $fresh to those of the processes that did not get the signal yet, $living to those that did.
sort_out() {
    fresh= living=
    for pid; do
        case $sent in *" $pid "*) living="$living $pid" ;; *) fresh="$fresh $pid" ;; esac
    done
}

stop() {
    trap '' HUP INT QUIT TERM USR1 USR2 WINCH
    sent=' ' rounds=0 alone=0
    while look "$1" && [ "$all" ]; do
        rounds=$((rounds + 1))
        targets=
        eval "sort_out $all"
        if [ "$rounds" = 1 ]; then
            targets=${heirs:-$all}
        elif [ ! "$living" ]; then
            # A script that ran them may still have a last command, or end by itself.
            alone=$((alone + 1))
            [ "$alone" -gt 5 ] && targets=$fresh
        elif [ "$rounds" = 64 ]; then
            # After five seconds: a parent that handles the signal may not have passed it on.
            eval "sort_out $handlers"
            targets=$fresh
        fi
        if [ "$targets" ]; then
            alone=0
            eval "kill -$1 $targets" 2>/dev/null
            sent="$sent$targets "
        fi
        pause=0.1
        [ "$rounds" -lt 20 ] && pause=0.03
        sleep $pause 2>/dev/null || sleep 1 || break
    done
    # A signal may come before the command is started.
    [ "$!" ] || exit $((128 + $1))
    wait "$!"
    exit $?
}

forward() {
    look "$1"
    [ "$heirs" ] && eval "kill -$1 $heirs" 2>/dev/null
}

trap 'stop 2' INT
trap 'stop 3' QUIT
trap 'stop 15' TERM
trap 'forward 1' HUP
trap 'forward 10' USR1
trap 'forward 12' USR2
trap 'forward 28' WINCH
exec 3<&0
# A shell lets what it runs beside itself ignore these two, unless env can undo that.
if env --default-signal=INT,QUIT true 2>/dev/null; then
    env --default-signal=INT,QUIT "$@" <&3 3<&- &
else
    "$@" <&3 3<&- &
fi
exec 3<&-
while :; do
    wait "$!"
    code=$?
    kill -0 "$!" 2>/dev/null || exit "$code"
done
