"""What is lost when things break: a real server, real clients, and faults at random moments.

    python -m benchmarks.faults --kills 100 --store sqlite --json FILE
    python -m benchmarks.faults --kills 100 --store postgres --json FILE

``kills``: the server is killed (SIGKILL) under load and started again. ``imports``: `daogou import`
is killed. ``disk``: the disk of the database gets full, and has room again. ``database``:
PostgreSQL is shut down at once, without closing anything, and started again. Clients send an
event again, with its ``eventId``, until they are answered 2xx, as a shop's page or backend would.
Counted is what was answered 2xx and is not in the log (``lost``), and what is in it twice
(``duplicated``). A killed process does not lose what the operating system has taken; that commits
wait for the disk itself is not shown here but set (`synchronous = FULL`, `synchronous_commit`).
"""
