#!/bin/sh
# Qt's shared libraries, with `screen` also one to draw on: look for them, install them on Debian as root, else say what to run.
PACKAGES="libegl1 libgl1 libopengl0 libxkbcommon0 libxkbcommon-x11-0 libdbus-1-3 libfontconfig1 libglib2.0-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-xkb1"
LIBRARIES="libEGL.so.1 libGL.so.1 libOpenGL.so.0 libxkbcommon.so.0 libxkbcommon-x11.so.0 libdbus-1.so.3 libfontconfig.so.1 libglib-2.0.so.0 libxcb-cursor.so.0 libxcb-icccm.so.4 libxcb-image.so.0 libxcb-keysyms.so.1 libxcb-randr.so.0 libxcb-render-util.so.0 libxcb-shape.so.0 libxcb-xkb.so.1"
[ "$(uname -s)" = Linux ] || exit 0

missing() {
    known=$( (PATH="$PATH:/sbin:/usr/sbin" ldconfig -p) 2>/dev/null)
    for library in $LIBRARIES; do
        case "$known" in *"$library"*) ;; *) printf '%s ' "$library" ;; esac
    done
}

lacking=$(missing)
if [ "$1" = screen ] && ! command -v xvfb-run >/dev/null; then
    lacking="$lacking xvfb-run" PACKAGES="$PACKAGES xvfb xauth"
fi
[ -z "$lacking" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing what Qt needs: $lacking"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $PACKAGES >/dev/null && exit 0
fi
echo "Qt needs system libraries that are missing: $lacking"
echo "Run: sudo apt-get install $PACKAGES"
exit 1
