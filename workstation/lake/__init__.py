"""A lake: recordings as one Parquet dataset, and SQL over it.

`add` decodes recordings into it, `query` opens DuckDB over the recordings added completely, `macros` are the engine's
bars, footprint and CVD in SQL.
"""
