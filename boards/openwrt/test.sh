#!/bin/sh
# $1 is the package, $2 its version; the package is installed.
case $1 in
twinbeat) twinbeat --version | grep -F "twinbeat $2" ;;
esac
