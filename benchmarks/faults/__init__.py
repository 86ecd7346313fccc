"""What is lost when things break: a real server, real clients, and faults at random moments.

    python -m benchmarks.faults --json FILE
    python -m benchmarks.faults --quick --store sqlite

``kills``: the server is killed (SIGKILL) under load and started again. ``imports``: `daogou import`
is killed. ``trainings``: `daogou train` is killed beside a server that is searched. ``swaps``:
`daogou bundles activate` is killed there, and the pointer set to a damaged bundle. ``disk``: the
disk of the database gets full, and has room again. ``database``: PostgreSQL is shut down at once,
without closing anything, and started again. Clients send an event again, with its ``eventId``,
until they are answered 2xx, as a shop's page or backend would. Counted is what was answered 2xx and
is not in the log (``lost``), and what is in it twice (``duplicated``); what unfinished bundles
stayed behind (``left``), and what was damaged and served (``corrupt``). A killed process does not
lose what the operating system has taken; that commits wait for the disk itself is not shown here
but set (`synchronous = FULL`, `synchronous_commit`).
"""
