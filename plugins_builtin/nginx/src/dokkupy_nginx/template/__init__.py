"""An app's own template: found, rendered in a sandbox, validated, written."""
