"""What dokkupy can do, one module per verb family: orchestrates roles and hooks, prints nothing."""
