#!/bin/sh
# create_user USER [PASSWORD]: as in the official image.
if [ -n "${2:-}" ]; then
	exec htpasswd -B -b "$PASSWORD_FILE" "$1" "$2"
fi
exec htpasswd -B "$PASSWORD_FILE" "$1"
