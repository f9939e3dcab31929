#!/bin/sh
# candled as the daemon's own user, on its data and with its credentials. For root, as /usr/local/bin/candled:
# its files then belong to whom they should, and no secret is read by anybody else.
# CANDLED_PROGRAM names another version, to try before an upgrade.
# shellcheck disable=SC2016  # the variables are for the shell within, where the credentials are
exec systemd-run --quiet --wait --pipe --collect --same-dir \
    --property=DynamicUser=yes --property=User=candled --property=UMask=0077 \
    --property=StateDirectory=candled --property=StateDirectoryMode=0700 \
    --property=CacheDirectory=candled --property=CacheDirectoryMode=0700 \
    --property=LoadCredential=database-url:/etc/candled/secrets/database-url \
    --property=LoadCredential=read-token:/etc/candled/secrets/read-token \
    --property=LoadCredential=operate-token:/etc/candled/secrets/operate-token \
    --setenv=CANDLED_DATA_DIR=/var/lib/candled --setenv=TERM="${TERM:-dumb}" \
    /bin/sh -c '
        export CANDLED_DATABASE__URL_FILE="$CREDENTIALS_DIRECTORY/database-url"
        export CANDLED_API__READ_TOKEN_FILE="$CREDENTIALS_DIRECTORY/read-token"
        export CANDLED_API__OPERATE_TOKEN_FILE="$CREDENTIALS_DIRECTORY/operate-token"
        exec "$@"' sh "${CANDLED_PROGRAM:-/opt/candled/bin/candled}" "$@"
