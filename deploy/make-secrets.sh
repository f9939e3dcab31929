#!/bin/sh
# Makes the secrets of docker-compose.yml in deploy/secrets, those that are not there yet. The directory is what keeps
# them: the containers read the files as users of their own.
set -eu
cd "$(dirname "$0")"
mkdir -p -m 0700 secrets
chmod 0700 secrets
cd secrets

keep() { # FILE: what stdin says, unless it is there
    [ -e "$1" ] || { (umask 0333 && cat > ".$1") && mv ".$1" "$1"; }
}
password() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

for name in postgres-password daemon-password grafana-password; do
    password | keep "$name"
done
printf 'postgresql://candled_admin:%s@postgres:5432/candled\n' "$(cat postgres-password)" | keep database-admin-url
printf 'postgresql://candled_daemon:%s@postgres:5432/candled\n' "$(cat daemon-password)" | keep database-url
