"""The packet filter that keeps networks apart: rules, the table in the kernel, setup, doctor."""
