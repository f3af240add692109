# Sourced by entrypoint.sh: fills an empty data directory as the image's own entrypoint would, but without the temporary
# server, which nothing here needs: there are no scripts to run in it, and no database to make. Once a cluster of this
# image was initialised, a copy of it is enough.

# Initialised clusters of this image, one for each way to initialise it, without a password. All stacks share them.
clusters=$here/clusters
# There while the data directory is filled: one that is found at the start of the container is half of one.
filling=$here/filling

# What initdb looks at. The image is the same for all in the volume.
cluster_key() {
    env | sed -n -e '/^LANG=/p' -e '/^LANGUAGE=/p' -e '/^LC_[A-Z]*=/p' -e '/^TZ=/p' -e '/^PGTZ=/p' -e '/^PGDATA=/p' \
        -e '/^POSTGRES_USER=/p' -e '/^POSTGRES_INITDB_ARGS=/p' | sort | sha256sum | cut -c1-16
}

# Whether the image's entrypoint would do no more than is done here. Where anything differs from the official image's
# defaults, it does it itself.
is_ours_to_fill() {
    [ "${1:-}" = postgres ] && [ "$(id -u)" = 0 ] &&
        [ -n "${PGDATA:-}" ] && [ -n "${POSTGRES_USER:-}" ] && [ -n "${POSTGRES_PASSWORD:-}" ] &&
        [ "${POSTGRES_DB:-$POSTGRES_USER}" = postgres ] &&
        [ -z "${POSTGRES_HOST_AUTH_METHOD:-}${POSTGRES_INITDB_WALDIR:-}" ] &&
        ! env | grep -q '^POSTGRES_[A-Z_]*_FILE=' &&
        [ -z "$(ls -A "$PGDATA" 2>/dev/null)" ] && [ -z "$(ls -A /docker-entrypoint-initdb.d 2>/dev/null)" ] &&
        command -v initdb >/dev/null &&
        # An entrypoint of somebody else's may do more.
        grep -Eq 'docker_temp_server_start|start_temporary_server' "$(command -v docker-entrypoint.sh)"
}

# $1 data directory, $2 what to give initdb the password with, if it gets one. POSTGRES_INITDB_ARGS is a piece of shell,
# as the image takes it. And initdb reads no pipe of somebody else's, so it must be one of its own user.
run_initdb() {
    $as_postgres sh -c 'data=$1 pwfile=$2
        printf "%s\n" "$POSTGRES_PASSWORD" |
        eval "initdb --pgdata=\"\$data\" --username=\"\$POSTGRES_USER\" $pwfile ${POSTGRES_INITDB_ARGS:-}"' sh "$1" "${2:-}"
}

# The password is set where there is one user and no network: in single-user mode, in which a line is a statement.
copy_cluster() {
    [ -s "$clusters/$1/data/PG_VERSION" ] && cp -a "$clusters/$1/data/." "$PGDATA/" &&
        printf "ALTER ROLE CURRENT_USER PASSWORD '%s'\n" "$POSTGRES_PASSWORD" |
        $as_postgres postgres --single -F -D "$PGDATA" -c exit_on_error=on -c log_checkpoints=off \
            -c log_min_messages=fatal postgres >/dev/null
}

# In the background of the first stack, when its start is over. The folder is a lock until it gets its name.
keep_cluster() {
    sleep 3
    as_postgres="nice -n 19 $as_postgres"
    find "$clusters" -mindepth 1 -maxdepth 1 -name '*.new' -mmin +10 -exec rm -rf {} + || true
    new=$clusters/$1.new
    if [ -e "$clusters/$1" ] || ! mkdir "$new" 2>/dev/null; then
        return
    fi
    mkdir "$new/data"
    chown postgres "$new/data"
    chmod 700 "$new/data"
    # On disk before it has its name: after a power failure it would be half of one.
    if run_initdb "$new/data" && { sync -f "$new" || sync; } && chmod 700 "$new" && mv "$new" "$clusters/$1"; then
        return
    fi
    rm -rf "$new"
}

empty_data_directory() {
    find "$PGDATA" -mindepth 1 -delete
}

fill_data_directory() {
    if [ -e "$filling" ]; then
        empty_data_directory
    fi
    as_postgres=$(command -v gosu || command -v su-exec) || return 0
    as_postgres="$as_postgres postgres"
    is_ours_to_fill "$@" || return 0
    : >"$filling"
    mkdir -p "$PGDATA"
    chown postgres "$PGDATA"
    chmod 700 "$PGDATA"
    method=scram-sha-256
    for argument; do
        case $argument in
            password_encryption=*) method=${argument#password_encryption=} ;;
        esac
    done
    key=$(cluster_key)
    # A line of the single-user mode has no room for other passwords.
    case $POSTGRES_PASSWORD in
        *[!A-Za-z0-9]*) key= ;;
    esac
    if [ -z "$key" ] || ! copy_cluster "$key"; then
        empty_data_directory
        run_initdb "$PGDATA" --pwfile=/dev/stdin
        if [ -n "$key" ] && [ -d "$clusters" ]; then
            # A grandchild, so that init adopts it: PostgreSQL would take the end of an unknown child for a crashed backend.
            (keep_cluster "$key" >/dev/null 2>&1 &)
        fi
    fi
    printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
    rm "$filling"
}
