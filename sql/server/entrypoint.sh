#!/bin/sh
# Runs before the image's own entrypoint, at every start of the container.
set -eu

here=/fdw-stub

# An extension is found only in the share directory of this image's PostgreSQL, whose path depends on the major
# version and on the distribution (extension_control_path exists from PostgreSQL 18 on).
found=
for directory in "/usr/share/postgresql/${PG_MAJOR:-none}/extension" /usr/local/share/postgresql/extension; do
    if [ -d "$directory" ]; then
        cp "$here"/extension/* "$directory"/
        found=yes
    fi
done
if [ -z "$found" ]; then
    echo "fdw-stub: this image has no PostgreSQL extension directory; use the official postgres image or one made from it" >&2
    exit 1
fi

# PostgreSQL listens on one port only; upstreams with other ports are led to it. Each forwarder is a grandchild,
# so that init adopts it: PostgreSQL would take the end of an unknown child for a crashed backend.
for port in ${FDW_STUB_PORTS:-}; do
    if ! command -v perl >/dev/null; then
        echo "fdw-stub: upstream port $port needs perl in the image; use a Debian-based tag of the official postgres image" >&2
        exit 1
    fi
    (
        (
            while :; do
                perl "$here/forward.pl" "$port" 5432 || true
                sleep 1
            done
        ) &
    )
done

exec docker-entrypoint.sh "$@"
