"""A PostgreSQL of candled's own, for whoever has no server: one per data directory, shared by all who use it.

    from service.embedded.client import join

    with join(data_dir) as server:  # starts the server, or joins the one that runs
        await asyncpg.connect(server.url("candled_admin"))

`join` finds or starts a *keeper*, a detached process that owns the server and lives as long as somebody holds a
connection to it. Its last user's end, clean or by kill -9, stops PostgreSQL and ends the keeper; the keeper's own end,
by kill -9 too, ends PostgreSQL. A killed postmaster is started again by the keeper, under the same URL; after a killed
keeper, `join` again, as `Joined` does by itself.

From the ground up: home (paths, locks, sockets, passwords), binaries (which PostgreSQL), privileges (who it runs as),
cluster (make, start and stop one), keeper (the process), client (`join`), joined.
"""
