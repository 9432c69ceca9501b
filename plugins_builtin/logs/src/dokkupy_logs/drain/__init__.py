"""Drains: lines of apps go on to where `vector-sink` says, while they are printed."""
