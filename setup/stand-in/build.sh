#!/usr/bin/env bash
# Builds fdw-stub/postgres-stand-in:MAJOR, an image with the contract of the official postgres image, out of Debian's
# own packages: for a machine that reaches a Debian mirror but no image registry.
#
#   build.sh [--force] [MAJOR]      MAJOR is 18 (the default), 17 or 15: builds and loads the image with the docker
#                                   command, unless an image of this very recipe is there; prints the image's name
#   build.sh --stdout [MAJOR]       writes the archive for `docker load` to standard output; needs no docker command
#
# Needs Linux, root (debootstrap makes device files and changes the root folder) and debootstrap. Messages go to
# standard error. A build that fails or is interrupted leaves nothing behind.
# Exit status: 0 done, 1 failed, 2 wrong use; 75 with --stdout when it had to wait for another build of the same
# version, which has ended now: look again whether the image is there.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
repository=fdw-stub/postgres-stand-in
fallback_mirror=http://deb.debian.org/debian
# Seconds that a step may take before it is given up.
debootstrap_limit=600
install_limit=600
pack_limit=120
load_limit=300
lock_limit=1200

say() {
    printf '%s\n' "$*" >&2
}

fail() {
    say "error: $*"
    exit 1
}

usage() {
    say "usage: ${0##*/} [--force | --stdout] [MAJOR]   (MAJOR: 18, 17 or 15)"
    exit 2
}

# A label of the image, raised by one with every change here or in the entrypoint that images already built should
# get: an image with another number is built anew. stand-in.ts has the same number.
recipe=1

force=no
output=engine
major=''
for arg in "$@"; do
    case "$arg" in
        --force) force=yes ;;
        --stdout) output=stdout ;;
        -*) usage ;;
        *)
            [[ -z "$major" ]] || usage
            major="$arg"
            ;;
    esac
done
major="${major:-18}"
# The Debian release whose own PostgreSQL is of this major version.
case "$major" in
    18) suite=forky ;;
    17) suite=trixie ;;
    15) suite=bookworm ;;
    *)
        say "error: no stand-in for PostgreSQL \"$major\": Debian has 18, 17 and 15."
        usage
        ;;
esac
image="$repository:$major"

[[ "$(uname -s)" = Linux ]] || fail 'a stand-in image can be built on Linux only.'
[[ "$(id -u)" = 0 ]] || fail "a stand-in image can be built by root only; run \"sudo $0 $major\"."
tools=(debootstrap flock timeout tar sha256sum)
[[ "$output" = stdout ]] || tools+=(docker)
for tool in "${tools[@]}"; do
    command -v "$tool" >/dev/null || fail "\"$tool\" is not installed; on Debian or Ubuntu \"apt-get install\" has it."
done
case "$(uname -m)" in
    x86_64) architecture=amd64 ;;
    aarch64) architecture=arm64 ;;
    *) fail "no stand-in for a machine of type $(uname -m); x86_64 and aarch64 are supported." ;;
esac

image_is_current() {
    [[ "$(docker image inspect --format '{{ index .Config.Labels "fdw-stub.recipe" }}' "$image" 2>/dev/null)" = "$recipe" ]]
}

# One build per version at a time: a second caller waits for the first and then uses its image. /run is root's own.
exec 9>>"/run/fdw-stub-stand-in-$major.lock"
if ! flock -n 9; then
    say "Waiting for another build of $image…"
    flock -w "$lock_limit" 9 || fail "another build of $image has been running for $lock_limit s; end it and try again."
    [[ "$output" != stdout ]] || exit 75
fi
if [[ "$output" = engine ]]; then
    timeout 20 docker version >/dev/null 2>&1 || fail 'the Docker engine does not answer; start it first.'
    if [[ "$force" = no ]] && image_is_current; then
        printf '%s\n' "$image"
        exit 0
    fi
fi

work=''
child=''

unmount_below() {
    local point
    # The deepest first. debootstrap mounts /proc and /sys while it runs, and an interrupt leaves them.
    awk -v root="$1/" 'index($2, root) == 1 { print $2 }' /proc/mounts | sort -r | while read -r point; do
        umount "$point" 2>/dev/null || umount -l "$point" 2>/dev/null || :
    done
}

remove_tree() {
    unmount_below "$1"
    # Never beyond this file system, should something be mounted still.
    rm -rf --one-file-system "$1"
}

clean_up() {
    trap '' INT TERM HUP
    if [[ -n "$child" ]] && kill -0 "$child" 2>/dev/null; then
        # `timeout` leads a process group of its own.
        kill -TERM -- "-$child" 2>/dev/null || :
        wait "$child" 2>/dev/null || :
    fi
    if [[ -n "$work" ]]; then
        remove_tree "$work"
    fi
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# Leftovers of a build that was killed: with the lock held nobody else's build of this version is running.
for leftover in "${TMPDIR:-/tmp}/fdw-stub-stand-in-$major".build.*; do
    [[ ! -d "$leftover" ]] || remove_tree "$leftover"
done
work="$(mktemp -d "${TMPDIR:-/tmp}/fdw-stub-stand-in-$major.build.XXXXXX")"
root="$work/root"
mkdir "$root"
# mktemp's 0700 would be the image's root folder otherwise.
chmod 0755 "$root"

# bounded SECONDS WHAT COMMAND…: output goes to the log and is shown only when the command fails. The command runs in
# the background because bash acts on a signal only when its foreground command has ended.
bounded() {
    local limit="$1" what="$2" status=0
    shift 2
    timeout --kill-after=10 "$limit" "$@" </dev/null >"$work/log" 2>&1 9>&- &
    child=$!
    wait "$child" || status=$?
    child=''
    if [[ "$status" = 0 ]]; then
        return
    fi
    tail -n 25 "$work/log" | sed -E 's#//[^/@ ]*@#//#g' >&2
    if [[ "$status" = 124 || "$status" = 137 ]]; then
        fail "$what took longer than $limit s; the Debian mirror may be slow or out of reach."
    fi
    fail "$what failed (exit status $status); see the lines above."
}

# The mirror that this machine's apt uses for Debian's main archive, or nothing.
configured_mirror() {
    command -v apt-get >/dev/null || return 0
    apt-get indextargets --format '$(ORIGIN) $(LABEL) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        awk '$1 == "Debian" && $2 == "Debian" && $3 == "main" && $4 ~ /^https?:/ { print $4; exit }' || :
    # apt knows the origin only once lists were fetched; the conventional path is the second-best sign.
    apt-get indextargets --format '$(COMPONENT) $(REPO_URI)' 2>/dev/null |
        awk '$1 == "main" && $2 ~ /^https?:.*\/debian\/?$/ { print $2; exit }' || :
}
mirror="$(configured_mirror | head -n 1)"
mirror="${mirror%/}"
mirror="${mirror:-$fallback_mirror}"

# wget (inside debootstrap) and apt (inside the new root) are given the proxy that this machine's apt uses.
if command -v apt-config >/dev/null; then
    for scheme in http https; do
        proxy=''
        eval "$(apt-config shell proxy "Acquire::$scheme::Proxy")"
        if [[ "$proxy" =~ ^https?:// ]]; then
            export "${scheme}_proxy=$proxy"
        fi
    done
fi

# An older debootstrap does not know a newer suite's name; all of them are built the way sid is.
script=()
if [[ ! -e "/usr/share/debootstrap/scripts/$suite" ]]; then
    script=(/usr/share/debootstrap/scripts/sid)
fi
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[[ -e "$keyring" ]] || fail "$keyring is missing; run \"apt-get install debian-archive-keyring\"."

# Before the first package is unpacked: no manuals, no translations, no LLVM (15 and 17 depend on it for JIT; the
# server runs without the file), and no syncing to a disk that is thrown away when the machine stops.
mkdir -p "$root/etc/dpkg/dpkg.cfg.d"
cat >"$root/etc/dpkg/dpkg.cfg.d/fdw-stub" <<'END'
force-unsafe-io
path-exclude=/usr/share/doc/*
path-include=/usr/share/doc/*/copyright
path-exclude=/usr/share/man/*
path-exclude=/usr/share/info/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/lib/*/libLLVM*
path-exclude=/usr/lib/llvm-*
path-exclude=/usr/lib/postgresql/*/lib/llvmjit*
path-exclude=/usr/lib/postgresql/*/lib/bitcode/*
END

say "Building $image from Debian $suite (about a minute)…"
bounded "$debootstrap_limit" "debootstrap of $suite" \
    debootstrap --variant=minbase --keyring="$keyring" "$suite" "$root" "$mirror" "${script[@]}"

# No service may start while packages are configured.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 0755 "$root/usr/sbin/policy-rc.d"
# postgresql-common would make a cluster of its own otherwise.
mkdir -p "$root/etc/postgresql-common/createcluster.d"
echo 'create_main_cluster = false' >"$root/etc/postgresql-common/createcluster.d/fdw-stub.conf"
certificates=/etc/ssl/certs/ca-certificates.crt
if [[ "$mirror" = https:* && -e "$certificates" ]]; then
    # apt inside the new root has no certificates of its own.
    mkdir -p "$root/etc/ssl/certs"
    cp "$certificates" "$root$certificates"
fi

cat >"$root/install" <<'END'
set -eu
groupadd --system --gid 999 postgres
useradd --system --gid postgres --uid 999 --home-dir /var/lib/postgresql --shell /bin/bash postgres
# A mirror that is frozen or behind is as good as another here; signatures are checked all the same, and debootstrap
# does not look at the date either.
apt-get -q -o Acquire::Check-Valid-Until=false update
# Of the alternatives for temporary files the small one, where this release has it; systemd otherwise comes along.
tmpfiles=''
if apt-cache show systemd-standalone-tmpfiles >/dev/null 2>&1; then
    tmpfiles=systemd-standalone-tmpfiles
fi
apt-get -q install -y --no-install-recommends \
    "postgresql-$MAJOR" gosu locales xz-utils zstd $tmpfiles
localedef -i en_US -c -f UTF-8 en_US.UTF-8
sed -ri "s/^#?(listen_addresses)\s*=\s*\S+.*/\1 = '*'/" "/usr/share/postgresql/$MAJOR/postgresql.conf.sample"
grep -q "^listen_addresses = '\*'" "/usr/share/postgresql/$MAJOR/postgresql.conf.sample"
mkdir -p /docker-entrypoint-initdb.d
install -d -o postgres -g postgres -m 1777 /var/lib/postgresql
install -d -o postgres -g postgres -m 3777 /var/run/postgresql
[ "$MAJOR" -ge 18 ] || install -d -o postgres -g postgres -m 1777 /var/lib/postgresql/data
dpkg-query -W -f '${Version}' "postgresql-$MAJOR" >/version
apt-get clean
END
# debootstrap has unmounted its own; systemd-tmpfiles (in a package script) wants one.
mount -t proc proc "$root/proc"
bounded "$install_limit" "installing postgresql-$major" \
    env DEBIAN_FRONTEND=noninteractive LC_ALL=C MAJOR="$major" PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    chroot "$root" /bin/sh /install
unmount_below "$root"

version="$(cat "$root/version")"
install -m 0755 "$here/docker-entrypoint.sh" "$root/usr/local/bin/docker-entrypoint.sh"
# What only the build needed, and what would carry this machine's configuration into the image.
rm -rf "$root/install" "$root/version" "$root/usr/sbin/policy-rc.d" "$root$certificates" "$root/etc/resolv.conf" \
    "$root/var/lib/apt/lists" "$root/var/cache/apt" "$root/var/cache/debconf" "$root/var/cache/ldconfig" \
    "$root/usr/share/i18n/charmaps" "$root/debootstrap" "$root/var/log" "$root/tmp"
# The base packages were unpacked without dpkg's exclusions; update-alternatives wanted PostgreSQL's manuals.
rm -rf "$root"/usr/share/postgresql/*/man "$root"/usr/share/{man,info,locale}
find "$root/usr/share/doc" -type f ! -name copyright -delete
mkdir -p "$root/usr/share/locale"
mkdir -p "$root/var/lib/apt/lists/partial" "$root/var/cache/apt/archives/partial" "$root/var/log"
install -d -m 1777 "$root/tmp"
echo "deb $fallback_mirror $suite main" >"$root/etc/apt/sources.list"
rm -f "$root/etc/hostname"

if [[ "$major" -ge 18 ]]; then
    volume=/var/lib/postgresql
    data="/var/lib/postgresql/$major/docker"
else
    volume=/var/lib/postgresql/data
    data=/var/lib/postgresql/data
fi

# An archive for `docker load`, and not `docker import`, because the latter knows no STOPSIGNAL in older engines, and
# because name, configuration and files then arrive as one, or not at all.
mkdir "$work/archive"
bounded "$pack_limit" 'packing the image' \
    tar -C "$root" --numeric-owner --one-file-system -cf "$work/archive/layer.tar" .
remove_tree "$root"
digest="$(sha256sum "$work/archive/layer.tar" | cut -d' ' -f1)"
# The values come from the lists above and from Debian's version numbers: nothing in them needs escaping in JSON.
cat >"$work/archive/config.json" <<END
{
    "architecture": "$architecture",
    "os": "linux",
    "created": "$(date -u +%Y-%m-%dT%H:%M:%SZ)",
    "config": {
        "Entrypoint": ["docker-entrypoint.sh"],
        "Cmd": ["postgres"],
        "Env": [
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/$major/bin",
            "LANG=en_US.utf8",
            "PG_MAJOR=$major",
            "PG_VERSION=$version",
            "PGDATA=$data"
        ],
        "ExposedPorts": { "5432/tcp": {} },
        "Volumes": { "$volume": {} },
        "StopSignal": "SIGINT",
        "Labels": {
            "fdw-stub.stand-in": "$suite postgresql-$major $version",
            "fdw-stub.recipe": "$recipe"
        }
    },
    "rootfs": { "type": "layers", "diff_ids": ["sha256:$digest"] },
    "history": [{ "created_by": "fdw-stub setup/stand-in/build.sh $major" }]
}
END
printf '[{"Config":"config.json","RepoTags":["%s"],"Layers":["layer.tar"]}]\n' "$image" >"$work/archive/manifest.json"

if [[ "$output" = stdout ]]; then
    tar -C "$work/archive" -c manifest.json config.json layer.tar
else
    tar -C "$work/archive" -cf "$work/image.tar" manifest.json config.json layer.tar
    bounded "$load_limit" 'docker load' docker load -i "$work/image.tar"
    printf '%s\n' "$image"
fi
