#!/bin/sh
# PostgreSQL's archive_command: archive.sh %p %f DIRECTORY. Keeps a segment of the write-ahead log, compressed, whole or
# not at all. Giving the same again is fine, as after a crash; other content under a name that is there is refused.
set -eu
segment=$1 name=$2 archive=$3
kept=$archive/$name.gz
mkdir -p "$archive"
if [ -e "$kept" ]; then
    gunzip -c "$kept" | cmp -s - "$segment"
    exit
fi
gzip -c "$segment" > "$archive/.$name.part"
sync "$archive/.$name.part"
mv "$archive/.$name.part" "$kept"
sync "$archive"
