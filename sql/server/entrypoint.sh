#!/bin/sh
# Runs before the image's own entrypoint, as root, at every start of the container.
set -eu

here=/fdw-stub

fail() {
    echo "fdw-stub: $*" >&2
    exit 1
}

needs_perl() {
    command -v perl >/dev/null ||
        fail "$1 needs perl in the image; use a Debian-based tag of the official postgres image"
}

# An extension is found only in the share directory of this image's PostgreSQL, whose path depends on the major
# version and on the distribution (extension_control_path exists from PostgreSQL 18 on).
found=
for directory in "/usr/share/postgresql/${PG_MAJOR:-none}/extension" /usr/local/share/postgresql/extension; do
    if [ -d "$directory" ]; then
        cp "$here"/extension/* "$directory"/
        found=$directory
    fi
done
[ -n "$found" ] ||
    fail "this image has no PostgreSQL extension directory; use the official postgres image or one made from it"

# An extension that no type needs is left out where the image lacks it. `up` says so.
for control in "$here"/extension/*.control; do
    sed -n 's/^# optional: //p' "$control" | while read -r name; do
        [ -e "$found/$name.control" ] ||
            sed -i "/^requires = /{s/'$name, /'/;s/, $name\\([,']\\)/\\1/;s/'$name'/''/;}" "$found/${control##*/}"
    done
done

# Addresses that upstreams have belong to the loopback interface, before anything listens on them.
if [ -e "$here/addresses" ]; then
    needs_perl "an upstream whose host is an address"
    perl "$here/addresses.pl" <"$here/addresses"
fi

# The data directory is filled while certificates are made.
. "$here/cluster.sh"
fill_data_directory "$@" &
filler=$!
wait_for_data_directory() {
    if [ -n "$filler" ]; then
        wait "$filler"
    fi
    filler=
}

. "$here/tls.sh"
wait_for_data_directory

# Folders with a socket of their own: links to the server's.
if [ -e "$here/sockets" ]; then
    while read -r port folder; do
        mkdir -p "$folder"
        [ "$folder/.s.PGSQL.$port" -ef /var/run/postgresql/.s.PGSQL.5432 ] ||
            ln -sfn /var/run/postgresql/.s.PGSQL.5432 "$folder/.s.PGSQL.$port"
    done <"$here/sockets"
fi

# The server leaves places on its own port to the relay, so it names the addresses that it listens on.
if [ -n "${FDW_STUB_LISTEN:-}" ]; then
    own=$(hostname -i 2>/dev/null | tr ' ' ',') || own=
    set -- "$@" -c "listen_addresses=$FDW_STUB_LISTEN${own:+,$own}"
fi

# PostgreSQL listens on one port only; upstreams with other ports are led to it. The relay is a grandchild, so that
# init adopts it: PostgreSQL would take the end of an unknown child for a crashed backend.
if [ -e "$here/relays" ]; then
    needs_perl "an upstream on another port than 5432"
    (
        (
            while :; do
                perl "$here/relay.pl" "$here/relays" || true
                sleep 1
            done
        ) &
    )
fi

exec docker-entrypoint.sh "$@"
