#!/bin/sh
# Debian keeps Python's venv module in a package of its own: install it as root, else say what to run.
rm -rf "$2"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing python3-venv"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null
    "$1" -m venv "$2" && exit 0
fi
echo "Python's venv module is missing. Run: sudo apt-get install python3-venv"
exit 1
