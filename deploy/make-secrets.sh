#!/bin/sh
# Makes the secrets that are not there yet.
#   make-secrets.sh             for docker-compose.yml, in deploy/secrets: that directory is what keeps them, since the
#                               containers read the files as users of their own
#   make-secrets.sh DIRECTORY   for candled.service, in DIRECTORY, with a database on this machine
set -eu
directory=${1:-$(dirname "$0")/secrets}
host=${1:+127.0.0.1} hidden=${1:+0377}
mkdir -p "$directory"
chmod 0700 "$directory"
cd "$directory"

keep() { # FILE: what stdin says, unless it is there
    [ -e "$1" ] || { (umask "${hidden:-0333}" && cat > ".$1") && mv ".$1" "$1"; }
}
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

for name in postgres-password daemon-password grafana-password read-token operate-token; do
    random | keep "$name"
done
for url in admin:postgres-password:database-admin-url daemon:daemon-password:database-url; do
    IFS=: read -r role password file <<END
$url
END
    printf 'postgresql://candled_%s:%s@%s:5432/candled\n' "$role" "$(cat "$password")" "${host:-postgres}" | keep "$file"
done
