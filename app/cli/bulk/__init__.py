"""Bulk classification: splits files of any size into shards and writes each shard's output file atomically."""
