#!/bin/sh
# PID 1 of the machine, from here on: labkit's own, which the initramfs has put into /run.
# Isolated (-I): the learner's files are no part of it. Standard input is the console.
exec /usr/bin/python3 -I -c '
import runpy, sys
sys.path.insert(0, "/run/labkit-guest")
runpy.run_module("labkit.machine.guest", run_name="__main__", alter_sys=True)
'
