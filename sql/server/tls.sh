# Sourced by entrypoint.sh: makes a CA, the server's certificate and one for clients, and puts them where the schema's
# options look for them. Private keys never leave the container; the CA's own does not even stay in it.

tls=$here/tls
chosen=$here/certificates

# $1 section of openssl.cnf, $2 name of the files
make_certificate() {
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -config "$here/openssl.cnf" \
        -keyout "$tls/$2.key" -out "$tls/$2.csr" 2>/dev/null
    openssl x509 -req -in "$tls/$2.csr" -CA "$tls/ca.crt" -CAkey "$tls/ca.key" -CAcreateserial -days 3650 \
        -extfile "$here/openssl.cnf" -extensions "$1" -out "$tls/$2.crt" 2>/dev/null
    rm "$tls/$2.csr"
}

make_revocation_list() {
    : >"$tls/index"
    (
        cd "$tls"
        openssl ca -gencrl -config "$here/openssl.cnf" -name authority -cert ca.crt -keyfile ca.key -crldays 3650 \
            -out ca.crl 2>/dev/null
    )
}

# A month before their end all are made anew, with another CA.
make_certificates() {
    mkdir -p "$tls"
    if openssl x509 -checkend 2592000 -noout -in "$tls/server.crt" >/dev/null 2>&1; then
        return
    fi
    (
        umask 077
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -config "$here/openssl.cnf" \
            -extensions ca -days 3650 -keyout "$tls/ca.key" -out "$tls/ca.crt" 2>/dev/null
        make_certificate server server
        if [ -e "$chosen" ] && grep -q '^cert ' "$chosen"; then
            make_certificate client client
        fi
        if [ -e "$chosen" ] && grep -q '^crl' "$chosen"; then
            make_revocation_list
        fi
        rm -f "$tls"/ca.key "$tls"/index* "$tls"/*.srl
    )
    chmod 755 "$tls"
    chmod 644 "$tls"/*.crt
    if [ -e "$tls/ca.crl" ]; then
        chmod 644 "$tls/ca.crl"
    fi
    chown postgres "$tls"/*.key
}

# Adds what is not there yet: a bundle of the image stays what it is otherwise.
add_to() {
    mkdir -p "$(dirname "$2")"
    if [ ! -e "$2" ] || ! grep -qxF "$(sed -n 3p "$1")" "$2"; then
        cat "$1" >>"$2"
    fi
}

# $1 kind, $2 file or, for crldir, folder
place() {
    case $1 in
        ca) add_to "$tls/ca.crt" "$2" ;;
        cert) add_to "$tls/client.crt" "$2" ;;
        crl) add_to "$tls/ca.crl" "$2" ;;
        key)
            # libpq takes no key that others may read.
            add_to "$tls/client.key" "$2"
            chmod 600 "$2"
            chown postgres "$2"
            ;;
        crldir)
            mkdir -p "$2"
            cp "$tls/ca.crl" "$2/$(openssl crl -in "$tls/ca.crl" -hash -noout).r0"
            ;;
    esac
}

# Where the image fills the data directory, its places are filled as soon as there is one: it must be empty before.
place_in_data() {
    script=/docker-entrypoint-initdb.d/000-fdw-stub.sh
    staged=$here/data
    if [ -s "${PGDATA:-}/PG_VERSION" ]; then
        place "$1" "$PGDATA/$2"
        return
    fi
    place "$1" "$staged/$2"
    chown -R postgres "$staged"
    mkdir -p "${script%/*}"
    printf 'cp -R "%s"/. "$PGDATA"/\n' "$staged" >"$script"
}

place_where_asked() {
    case $2 in
        "~/"*) place "$1" "$home/${2#"~/"}" ;;
        "${PGDATA:-/nowhere}"/*) place_in_data "$1" "${2#"$PGDATA"/}" ;;
        /*) place "$1" "$2" ;;
        *) place_in_data "$1" "$2" ;;
    esac
}

place_all() {
    # libpq's home is the one of the system user that runs the server.
    home=$(getent passwd postgres | cut -d: -f6)
    mkdir -p "$home/.postgresql"
    place ca "$home/.postgresql/root.crt"
    if [ -e "$chosen" ]; then
        while read -r kind path; do
            place_where_asked "$kind" "$path" || echo "fdw-stub: cannot put a certificate at $path" >&2
        done <"$chosen"
    fi
    chown -R postgres "$home/.postgresql"
    # What `sslrootcert=system` reads: the image's own bundle, where it has one, and ours.
    cat /etc/ssl/certs/ca-certificates.crt "$tls/ca.crt" >"$tls/system.crt" 2>/dev/null || cp "$tls/ca.crt" "$tls/system.crt"
}

ssl=on
for argument; do
    case $argument in
        ssl=*) ssl=${argument#ssl=} ;;
    esac
done
if ! command -v openssl >/dev/null; then
    [ "${FDW_STUB_TLS:-}" != required ] ||
        fail "an upstream is asked for TLS, which needs openssl in the image; use a Debian-based tag of the official postgres image, or add openssl to yours"
elif [ "$ssl" = on ]; then
    make_certificates
    # Some have their place in it.
    wait_for_data_directory
    place_all
    export SSL_CERT_FILE="$tls/system.crt"
    set -- "$@" -c ssl=on -c "ssl_cert_file=$tls/server.crt" -c "ssl_key_file=$tls/server.key" \
        -c "ssl_ca_file=$tls/ca.crt"
fi
