#!/bin/sh
# PID 1 of the machine, from here on: labkit's own. Isolated (-I): the learner's files are no part of
# it. Should it ever end, so does the machine, with a word on the console: the kernel would panic.
exec /usr/bin/python3 -I -c '
import runpy, subprocess, sys, traceback
try:
    runpy.run_module("labkit.machine.guest", run_name="__main__", alter_sys=True)
except BaseException:
    print("labkit: the first process of the machine has failed", file=sys.stderr)
    traceback.print_exc()
finally:
    subprocess.run(["/bin/busybox", "poweroff", "-f"])
'
