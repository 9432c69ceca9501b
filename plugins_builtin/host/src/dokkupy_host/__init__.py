"""The host itself: its setup, the doctor, supervision of processes, the shell and completion."""
