"""Files of any size, cut into shards that are classified apart, and each written whole or not at all."""
