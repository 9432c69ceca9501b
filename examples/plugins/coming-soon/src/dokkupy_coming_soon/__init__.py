"""An example plugin: a page that announces an app."""
