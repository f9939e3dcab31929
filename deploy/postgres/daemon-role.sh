#!/bin/sh
# Run once, by the container that makes the database: the daemon's own role, which may append and read, no more.
# The password goes from its file to the server, past every argument and variable.
set -eu
psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\set password `cat /run/secrets/daemon-password`
CREATE ROLE candled NOLOGIN;
CREATE ROLE candled_daemon LOGIN PASSWORD :'password' IN ROLE candled;
SQL
