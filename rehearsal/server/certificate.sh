#!/bin/sh
# Certificates of the rehearsal's own authority:
#   certificate.sh authority PATH            the authority's own, copied to where a connection looks for it
#   certificate.sh server FILE HOST          FILE.crt and FILE.key for one host name or address
#   certificate.sh client CRT KEY USER       a client's, at the paths where a connection looks for them
set -eu
folder=/rehearsal/tls

issue() { # KEY CRT EXTRA…
    key=$1 crt=$2
    shift 2
    umask 077
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 "$@" \
        -keyout "$key" -out "$crt.new" 2>/dev/null
    chmod 644 "$crt.new"
    mv "$crt.new" "$crt"
}

# Two at once would overwrite each other's.
exec 9>"$folder/lock"
flock 9 2>/dev/null || true
[ -s "$folder/ca.crt" ] || issue "$folder/ca.key" "$folder/ca.crt" -subj "/CN=fdw-stub"

case $1 in
    authority)
        mkdir -p "$(dirname "$2")"
        [ "$2" = "$folder/ca.crt" ] || cp "$folder/ca.crt" "$2"
        ;;
    server)
        case $3 in
            *:* | *[0-9].[0-9]*.[0-9]*.[0-9]*) kind=IP ;;
            *) kind=DNS ;;
        esac
        issue "$2.key" "$2.crt" -subj "/CN=fdw-stub server" -addext "subjectAltName=$kind:$3" \
            -CA "$folder/ca.crt" -CAkey "$folder/ca.key"
        ;;
    client)
        mkdir -p "$(dirname "$2")" "$(dirname "$3")"
        issue "$3" "$2" -subj "/CN=$4" -CA "$folder/ca.crt" -CAkey "$folder/ca.key"
        # libpq refuses a key that others may read.
        chown postgres "$3"
        chmod 600 "$3"
        ;;
esac
