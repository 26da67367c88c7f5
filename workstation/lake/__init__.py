"""Months of recordings as one Parquet dataset, and SQL over it.

`add` decodes recordings into it, `query` opens DuckDB over what was added whole, `macros` are the engine's bars,
footprint and CVD in SQL.
"""
