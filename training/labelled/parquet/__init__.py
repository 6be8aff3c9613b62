"""Parquet files of labelled rows."""
