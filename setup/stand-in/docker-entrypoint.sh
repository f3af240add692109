#!/usr/bin/env bash
# Entrypoint of the stand-in image: written anew, with the contract of the official postgres image, so that what works
# with the stand-in works with the real image too. It deliberately is no more lenient than the original.
#
# Environment: POSTGRES_PASSWORD, POSTGRES_USER, POSTGRES_DB, POSTGRES_INITDB_ARGS (each also as …_FILE),
# POSTGRES_HOST_AUTH_METHOD, POSTGRES_INITDB_WALDIR, PGDATA. Scripts: /docker-entrypoint-initdb.d.
# Not supported: `docker run --user` with a uid that has no entry in /etc/passwd.
set -Eeo pipefail

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

note() {
    printf '%s: %s\n' "${0##*/}" "$*"
}

# file_env NAME [DEFAULT]: NAME, else the content of the file that NAME_FILE names, else DEFAULT.
file_env() {
    local name="$1" file_name="$1_FILE" value="${2:-}"
    if [[ -n "${!name:-}" && -n "${!file_name:-}" ]]; then
        fail "both $name and $file_name are set; set only one of them"
    fi
    if [[ -n "${!name:-}" ]]; then
        value="${!name}"
    elif [[ -n "${!file_name:-}" ]]; then
        value="$(<"${!file_name}")"
    fi
    export "$name=$value"
    unset "$file_name"
}

# Whether the arguments only ask PostgreSQL for information and no data directory is needed.
wants_information() {
    local arg
    for arg in "$@"; do
        case "$arg" in
            -\? | --help | --describe-config | -V | --version) return 0 ;;
        esac
    done
    return 1
}

# Directories that the server needs. As root they are handed to postgres, whoever made them (a fresh volume is root's).
create_directories() {
    mkdir -p "$PGDATA"
    chmod 0700 "$PGDATA" || :
    mkdir -p /var/run/postgresql
    chmod 3775 /var/run/postgresql || :
    if [[ -n "${POSTGRES_INITDB_WALDIR:-}" ]]; then
        mkdir -p "$POSTGRES_INITDB_WALDIR"
        chmod 0700 "$POSTGRES_INITDB_WALDIR"
    fi
    if [[ "$(id -u)" = 0 ]]; then
        local directory
        for directory in "$PGDATA" /var/run/postgresql ${POSTGRES_INITDB_WALDIR:+"$POSTGRES_INITDB_WALDIR"}; do
            find "$directory" \! -user postgres -exec chown postgres '{}' +
        done
    fi
}

# What must be right before anything is written to PGDATA.
check_environment() {
    if [[ -z "$POSTGRES_PASSWORD" && "$POSTGRES_HOST_AUTH_METHOD" != trust ]]; then
        fail 'the database is uninitialized and no superuser password is given.
       Set POSTGRES_PASSWORD to a non-empty value, for example "-e POSTGRES_PASSWORD=…" on "docker run".
       With POSTGRES_HOST_AUTH_METHOD=trust no password is needed, and everybody is let in without one.'
    fi
    if [[ "$PG_MAJOR" -ge 18 && "$PGDATA" != /var/lib/postgresql/data && -s /var/lib/postgresql/data/PG_VERSION ]]; then
        fail "there is a database in /var/lib/postgresql/data, but PostgreSQL $PG_MAJOR keeps its data in $PGDATA.
       Mount the volume at /var/lib/postgresql."
    fi
    # Fails early when the folder cannot be read.
    ls /docker-entrypoint-initdb.d/ >/dev/null
}

init_data_directory() {
    local arguments=(--username="$POSTGRES_USER")
    if [[ -n "${POSTGRES_INITDB_WALDIR:-}" ]]; then
        arguments+=(--waldir="$POSTGRES_INITDB_WALDIR")
    fi
    # POSTGRES_INITDB_ARGS is a piece of shell, quotes and all, as in the official image; hence eval.
    eval 'initdb "${arguments[@]}" --pwfile=<(printf "%s\n" "$POSTGRES_PASSWORD") '"${POSTGRES_INITDB_ARGS:-}"
}

# Everybody from outside the container authenticates; initdb's own lines trust the socket and 127.0.0.1.
write_hba() {
    local method="${POSTGRES_HOST_AUTH_METHOD:-}"
    if [[ -z "$method" ]]; then
        shift
        method="$(postgres -C password_encryption "$@")"
    fi
    printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
}

# The server in which the database and the scripts run: on the socket only, so that nobody connects too early.
start_temporary_server() {
    shift
    PGUSER="${PGUSER:-$POSTGRES_USER}" pg_ctl -D "$PGDATA" \
        -o "$(printf '%q ' "$@" -c listen_addresses= -p "${PGPORT:-5432}")" -w start
}

stop_temporary_server() {
    PGUSER="${PGUSER:-postgres}" pg_ctl -D "$PGDATA" -m fast -w stop
}

# docker_process_sql [psql arguments]: the name is part of the contract, as scripts that are sourced call it.
docker_process_sql() {
    local command=(psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --no-password)
    if [[ -n "$POSTGRES_DB" ]]; then
        command+=(--dbname "$POSTGRES_DB")
    fi
    PGHOST= PGHOSTADDR= "${command[@]}" "$@"
}

create_database() {
    local exists
    exists="$(POSTGRES_DB='' docker_process_sql --dbname postgres --set db="$POSTGRES_DB" --tuples-only \
        <<<"SELECT 1 FROM pg_database WHERE datname = :'db'")"
    if [[ -z "$exists" ]]; then
        POSTGRES_DB='' docker_process_sql --dbname postgres --set db="$POSTGRES_DB" <<<'CREATE DATABASE :"db"'
    fi
}

run_init_files() {
    local file
    for file; do
        case "$file" in
            *.sh)
                if [[ -x "$file" ]]; then
                    note "running $file"
                    "$file"
                else
                    note "sourcing $file"
                    # shellcheck source=/dev/null
                    . "$file"
                fi
                ;;
            *.sql)
                note "running $file"
                docker_process_sql -f "$file"
                ;;
            *.sql.gz)
                note "running $file"
                gunzip -c "$file" | docker_process_sql
                ;;
            *.sql.xz)
                note "running $file"
                xz -dc "$file" | docker_process_sql
                ;;
            *.sql.zst)
                note "running $file"
                zstd -dc "$file" | docker_process_sql
                ;;
            *) note "ignoring $file" ;;
        esac
    done
}

main() {
    if [[ "${1:0:1}" = - ]]; then
        set -- postgres "$@"
    fi
    if [[ "$1" = postgres ]] && ! wants_information "$@"; then
        file_env POSTGRES_PASSWORD
        file_env POSTGRES_USER postgres
        file_env POSTGRES_DB "$POSTGRES_USER"
        file_env POSTGRES_INITDB_ARGS
        : "${POSTGRES_HOST_AUTH_METHOD:=}"

        create_directories
        if [[ "$(id -u)" = 0 ]]; then
            # PostgreSQL refuses to run as root.
            exec gosu postgres "$BASH_SOURCE" "$@"
        fi

        if [[ -s "$PGDATA/PG_VERSION" ]]; then
            note 'PGDATA holds a database already; skipping initialization'
        else
            check_environment
            init_data_directory
            write_hba "$@"
            # Scripts may use tools other than docker_process_sql, and an own hba_file may ask for the password.
            export PGPASSWORD="${PGPASSWORD:-$POSTGRES_PASSWORD}"
            start_temporary_server "$@"
            create_database
            run_init_files /docker-entrypoint-initdb.d/*
            stop_temporary_server
            unset PGPASSWORD
            note 'PostgreSQL init process complete; ready for start up.'
        fi
    fi
    exec "$@"
}

main "$@"
