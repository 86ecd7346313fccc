"""The contenders of ``benchmarks.recommend_speed``: a script each, run in a process of its own.

Other libraries' scripts run in environments that have the library, daogou's in daogou's own.
"""
