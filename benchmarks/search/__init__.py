"""Search quality on a judged catalogue."""
