# A program for the shell, $1. Its logs and settings go with it; its home would be the data directory.
HOME=$(mktemp -d) && export HOME
trap 'rm -rf "$HOME"' EXIT
mongosh --quiet --nodb --eval "$1"
