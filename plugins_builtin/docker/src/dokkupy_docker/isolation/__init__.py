"""The packet filter that isolates networks: rules, the table in the kernel, setup, doctor."""
