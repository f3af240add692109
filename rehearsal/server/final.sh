#!/bin/sh
# Starts the stack's own server in the rehearsal's container, on the cluster that is there, and waits until it answers:
# final.sh ENTRYPOINT ARGUMENT… <its files
set -eu
home=/rehearsal

tar -xf - -C /
[ -e "$home/hosts.first" ] || cp /etc/hosts "$home/hosts.first"
cat "$home/hosts.first" "$home/hosts" >/etc/hosts
export PGDATA="$home/data"

setsid "$@" >"$home/log" 2>&1 </dev/null &
server=$!
echo "$server" >"$home/session"
for attempt in $(seq 3000); do
    # PostgreSQL says so in this file, on a line of its own.
    if grep -q '^ready' "$PGDATA/postmaster.pid" 2>/dev/null; then
        exit 0
    fi
    if ! kill -0 "$server" 2>/dev/null; then
        break
    fi
    sleep 0.01
done
tail -n 20 "$home/log" >&2
exit 1
