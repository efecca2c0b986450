"""Runs what the stages compile. The only importer of DuckDB and of Spark."""
