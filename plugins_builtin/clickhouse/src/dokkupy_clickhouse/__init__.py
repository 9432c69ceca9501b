"""ClickHouse databases for dokkupy."""
