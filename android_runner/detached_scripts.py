"""What runs on a phone for a detached command; for mksh and toybox, and for dash."""

from __future__ import annotations

_BOOT_ID = "/proc/sys/kernel/random/boot_id"

# Arguments: the folder, a word for this start, the two scripts below, and the command.
# It has ended when the first of them has told its number and become the second.
START = """
mkdir -p "$1" && cd "$1" && : >>run.lock || exit
flock -n 0 <run.lock || [ $? = 127 ] || { echo "a command runs in $1 already" >&2; exit 1; }
rm -f run.rc run.rc.tmp run.out run.err run.pid run.started
shift
setsid sh -c "$2" "$@" <run.lock 2>/dev/null &
"""
# stdin is the lock's file: no other descriptor is passed on by every shell. If the link is gone,
# SIGPIPE ends it before the file says that something was started.
TELL = f"""
shift
trap '' HUP
lock=none; flock -n 0 && lock=lock
read -r boot <{_BOOT_ID}
echo "$0 $$ $lock $boot"
echo "$0 $$ $lock $boot" >run.started.tmp && mv run.started.tmp run.started
exec sh -c "$@" >/dev/null
"""
# A shell of its own, because mksh keeps copies of what stdout and stderr once were, and adbd waits
# until the last one is closed.
BESIDE = """
"$0" "$@" >run.out 2>run.err </dev/null &
echo $! >run.pid
wait $!
echo $? >run.rc.tmp && mv run.rc.tmp run.rc
"""
# Arguments: the folder, `lock` or `none`, the session. The order matters: an exit code that comes
# after the first look is still seen.
LOOK = f"""
cd "$1" || exit
if [ $2 = lock ]; then [ -e run.lock ] && ! flock -s -n 0 <run.lock
else kill -0 $3 2>/dev/null; fi && echo runs || echo gone
cat {_BOOT_ID}
cat run.rc 2>/dev/null || true
"""
# Waits for the end. The shell is replaced, so that it goes with the link.
WAIT = 'exec flock -s 0 <"$1/run.lock"'
