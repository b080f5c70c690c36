# %% [markdown]
# ## What a process can use
#
# A [[namespace]] decides what a process can *see*. A [[cgroup]] decides what it can *use*: memory,
# CPU time, disk traffic, how many processes. The kernel counts for each group, and holds each group to
# its limits. There is no command for that, and no daemon: a group is **a folder**, its numbers and its
# limits are **files**, and `mkdir`, `cat` and `echo` are all the tools there are.
#
# Docker, Podman, Kubernetes and systemd write into the same files. After this lab you can read over
# their shoulders.

# %% setup=true
import subprocess
import time

from labkit import (
    Cgroup,
    Sandbox,
    begin,
    cgconfig,
    cgroups,
    compare,
    live,
    place,
    predict,
    timeline,
)

lab = begin("cgroups")

# %% [markdown]
# This lab needs the whole of cgroup v2 and root's rights on it. Where a computer does not have that,
# its notebook runs in a machine of its own:

# %% tags=["nbval-ignore-output"]
place()

# %% [markdown]
# ## A tree of folders
#
# All groups are in one tree, and the tree is mounted as a file system. Its root is the whole machine.
# These *controllers* it has, one for each kind of thing that can be used:

# %% language="bash"
# cat /sys/fs/cgroup/cgroup.controllers

# %% [markdown]
# Every process is in exactly one group of the tree. Which one, its `/proc/PID/cgroup` says (`0::` stands
# for the tree of version 2):

# %% language="bash"
# cat /proc/self/cgroup

# %% [markdown]
# Make a group. Its folder is full at once: the kernel fills it.

# %% language="bash"
# mkdir /sys/fs/cgroup/lab
# ls /sys/fs/cgroup/lab | grep -E '^(cgroup|memory|cpu)\.(procs|controllers|subtree_control|max|weight|stat)$'

# %% [markdown]
# `cgroup.procs` has the PIDs of its processes, `memory.max` and `cpu.max` its limits. Now a group in
# that group, as you would make one for a service. Think before you run it:

# %%
predict(
    "inherited",
    "mkdir /sys/fs/cgroup/lab/cafe. Will the new group have a file memory.max?",
    ["yes, as its parent has", "no, only the general files"],
)

# %% language="bash"
# mkdir /sys/fs/cgroup/lab/cafe
# ls /sys/fs/cgroup/lab/cafe | grep -c '^memory.max$' || true
# cat /sys/fs/cgroup/lab/cgroup.subtree_control

# %%
from pathlib import Path

has_it = Path("/sys/fs/cgroup/lab/cafe/memory.max").exists()
compare("inherited", happened="yes, as its parent has" if has_it else "no, only the general files")

# %% [markdown]
# A group **has** controllers (`cgroup.controllers`) and **passes on** those that stand in its
# `cgroup.subtree_control`: nothing, to begin with. So each level decides what the one below is given.
# Pass on five of them:

# %% language="bash"
# echo "+memory +cpu +io +pids +cpuset" > /sys/fs/cgroup/lab/cgroup.subtree_control
# cat /sys/fs/cgroup/lab/cafe/cgroup.controllers
# cat /sys/fs/cgroup/lab/cafe/memory.max

# %% [markdown]
# **A rule that everybody runs into**: a group that passes controllers on holds no processes itself
# (the root is the exception). Processes live in the leaves. Watch it refuse:

# %% language="bash"
# (echo $$ > /sys/fs/cgroup/lab/cgroup.procs) 2>&1 | sed 's/.*: //'

# %% [markdown]
# The leaf takes it. A process goes into a group when its PID is written there; its children are born
# where it is. So a shell that moves *itself* takes along whatever it starts:

# %% language="bash"
# echo $$ > /sys/fs/cgroup/lab/cafe/cgroup.procs
# cat /proc/self/cgroup
# sh -c 'cat /proc/self/cgroup'

# %% [markdown]
# From Python, for what is to go on running: a shell that goes in, and then *becomes* the program.


# %% setup=true
def start_in(group, command):
    """A shell that goes into a group, and then becomes the command."""
    script = f"echo $$ > /sys/fs/cgroup/{group}/cgroup.procs && exec {command}"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(["sh", "-c", script], **quiet)
    while process.poll() is None and group not in Path(f"/proc/{process.pid}/cgroup").read_text():
        time.sleep(0.01)
    return process


def numbers(group, file):
    """A file of names and numbers, such as cpu.stat."""
    lines = Path("/sys/fs/cgroup", group, file).read_text().splitlines()
    return {name: int(value) for name, value in map(str.split, lines)}


# %% [markdown]
# ## Memory
#
# ### Counted
#
# This process reads 20 MiB into memory and keeps them. What it uses is *charged* to its group, byte by
# byte: its own memory, and also the files it reads (the page cache) and what the kernel keeps for it.

# %%
keeper = start_in("lab/cafe", "sh -c '(head -c 20M /dev/zero; sleep 600) | tail'")
while int(Path("/sys/fs/cgroup/lab/cafe/memory.current").read_text()) < 20 << 20:
    time.sleep(0.05)
cgroups("/lab")

# %% [markdown]
# ### Limited
#
# Give the café 32 MiB, and start something there that never gets enough: `tail /dev/zero` reads a line
# that has no end.

# %%
predict(
    "at-the-limit",
    "A process wants more than memory.max. What does the kernel do?",
    [
        "it refuses: malloc fails",
        "it kills a process of the group",
        "it kills whatever is largest on the machine",
    ],
)

# %% language="bash"
# echo 32M > /sys/fs/cgroup/lab/cafe/memory.max
# cat /sys/fs/cgroup/lab/cafe/memory.max

# %%
from labkit.sandbox.groups import Recorder

cafe = Cgroup.at("/lab/cafe")
with Recorder(cafe, every_s=0.05) as recorder:
    time.sleep(0.3)
    glutton = start_in("lab/cafe", "tail /dev/zero")
    print("exit code of the glutton:", glutton.wait())
    time.sleep(0.3)

# %%
killed = numbers("lab/cafe", "memory.events")["oom_kill"]
compare("at-the-limit", happened="it kills a process of the group" if killed else "nothing")

# %% [markdown]
# An [[OOM kill]]: signal 9, which Python calls −9 and Docker 137. What happened, as it was recorded:

# %% tags=["nbval-ignore-output"]
timeline(recorder)

# %% [markdown]
# Memory is *promised* first and given when it is touched, so a program is rarely told "no": by the time
# the limit is met, there is nobody left to tell. The kernel first takes back what it can (page cache,
# and swap, where there is some), then it kills. The group counts its kills. How many do you expect?

# %% language="bash"
# grep -E '^oom_kill ' /sys/fs/cgroup/lab/cafe/memory.events

# %% [markdown]
# Two! **Whom** it killed, and why, the kernel's log says (`dmesg`). Here is what it says of this group:

# %% tags=["nbval-ignore-output"]
from labkit import oom_report

print(oom_report(cafe))

# %% [markdown]
# The first to go was our keeper, who had sat quietly on 20 MiB: at that moment it was the **largest**, and
# the kernel does not ask who wanted the last byte. Whoever shares a group shares its fate. (One group for
# each container is the answer; and `memory.oom.group` kills all of a group together, for programs that
# are of no use in parts.)
#
# ### Notified
#
# Who looks after a group wants to *hear* of it. The kernel wakes whoever polls `memory.events` when
# something in it has changed: no loop that looks again and again.

# %%
import select

with open("/sys/fs/cgroup/lab/cafe/memory.events") as events:
    events.read()  # what it said until now
    bell = select.poll()
    bell.register(events, select.POLLPRI)
    start_in("lab/cafe", "tail /dev/zero")
    rang = bell.poll(60_000)  # at most a minute
print("the kernel rang" if rang else "nothing happened")

# %% [markdown]
# `memory.high` is the gentler limit: above it, the kernel slows a group down and takes back what it can,
# and kills nobody. `memory.low` and `memory.min` protect what a group has. (The old version 1 had
# `memory.limit_in_bytes`, and told of an OOM through `memory.oom_control` and an eventfd.)
#
# The same in other words: `docker run --memory 32m`, `systemd-run -p MemoryMax=32M`, and in Kubernetes
# `resources.limits.memory: 32Mi`. Each ends up in `memory.max`.
#
# ## CPU
#
# ### Measured: user and system
#
# CPU time has two kinds: *user*, spent in a program's own code, and *system*, spent in the kernel on its
# behalf. Two groups, two habits: one counts, one asks the kernel for zeros, a mebibyte at a time.

# %%
predict(
    "habits",
    "dd copies 2,000 MiB of zeros from /dev/zero to /dev/null. Where does its time go?",
    ["mostly user", "mostly system"],
)

# %% language="bash"
# cd /sys/fs/cgroup/lab; mkdir thinker asker
# sh -c 'echo $$ > thinker/cgroup.procs; n=0; while [ $n -lt 30000 ]; do n=$((n+1)); done'
# sh -c 'echo $$ > asker/cgroup.procs; exec dd if=/dev/zero of=/dev/null bs=1M count=2000 status=none'

# %%
for habit in ("thinker", "asker"):
    spent = numbers(f"lab/{habit}", "cpu.stat")
    kind = "user" if spent["user_usec"] > spent["system_usec"] else "system"
    print(
        f"{habit}: mostly {kind}   ┆ {spent['user_usec']} µs user, {spent['system_usec']} µs system"
    )

# %%
compare("habits", happened=f"mostly {kind}")

# %% [markdown]
# ### Limited: a quota
#
# `cpu.max` has two numbers, in microseconds: how much may be used in each period, and how long a period
# is. This group gets 20 ms of every 100 ms, a fifth of one CPU:

# %% language="bash"
# mkdir /sys/fs/cgroup/lab/mill
# cat /sys/fs/cgroup/lab/mill/cpu.max
# echo "20000 100000" > /sys/fs/cgroup/lab/mill/cpu.max

# %% tags=["nbval-ignore-output"]
mill = Cgroup.at("/lab/mill")
with Recorder(mill, every_s=0.1) as recorder:
    miller = start_in("lab/mill", "yes")
    time.sleep(1.5)
    Path("/sys/fs/cgroup/lab/mill/cpu.max").write_text("60000 100000")  # while it runs
    time.sleep(1)
timeline(recorder)

# %% [markdown]
# At the quota nobody is killed: who has used it up, waits for the next period. It is counted as
# `nr_throttled`. Throttling is why a service with a low quota answers in jumps.
#
# ### Shared: a weight
#
# A quota holds even when the CPU is idle. A **weight** only divides what is wanted by several: 100 unless
# set, and who has 300 gets three times as much. Two groups on **one** CPU (the controller `cpuset` says
# which), both greedy:

# %% language="bash"
# cd /sys/fs/cgroup/lab
# echo 1 > mill/cgroup.kill
# mkdir market; echo "+cpu" > market/cgroup.subtree_control
# mkdir market/left market/right
# echo 0 > market/cpuset.cpus
# echo 300 > market/left/cpu.weight
# cat market/left/cpu.weight market/right/cpu.weight


# %%
def shares(seconds=1.5):
    """How many times as much CPU time as right left gets, measured."""
    sides = ("lab/market/left", "lab/market/right")
    before = [numbers(side, "cpu.stat")["usage_usec"] for side in sides]
    time.sleep(seconds)
    left, right = (
        numbers(side, "cpu.stat")["usage_usec"] - b for side, b in zip(sides, before, strict=True)
    )
    return left / right


greedy = [start_in(f"lab/market/{side}", "yes") for side in ("left", "right")]
time.sleep(0.5)
times = shares()
about = "about three times" if 2 < times < 5 else "not three times"
print(f"left gets {about} as much   ┆ {times:.2f}")

# %%
predict(
    "two-cpus",
    "The same weights, but both groups may use all CPUs of a machine with two or more. Now left gets",
    ["three times as much, still", "as much as right", "all of it"],
)

# %% language="bash"
# cd /sys/fs/cgroup/lab
# cat cpuset.cpus.effective > market/cpuset.cpus
# sleep 0.5

# %%
times = shares()
happened = "as much as right" if times < 1.7 else "three times as much, still"
compare("two-cpus", happened=happened)

# %% [markdown]
# A weight is no limit: it only matters where there is a queue. (One CPU only? Then you saw the three
# again.) `docker run --cpus 0.2` is a quota, `docker run --cpu-shares` a weight, `--cpuset-cpus 0` the
# third file; in systemd they are `CPUQuota=20%`, `CPUWeight=300`, `AllowedCPUs=0`. A *request* for CPU in
# Kubernetes becomes a weight, a *limit* a quota.
#
# ## Block I/O
#
# The controller `io` (`blkio` in version 1) counts and limits what goes to and from disks. A disk has a
# number, *major:minor*:

# %% language="bash"
# echo 1 > /sys/fs/cgroup/lab/market/cgroup.kill
# lsblk --nodeps --noheadings --output NAME,MAJ:MIN,TYPE | head -1

# %% [markdown]
# Read 2 MiB from it, past the page cache (`iflag=direct`), once free and once with a limit of 1 MiB a
# second:

# %%
disk = next(path for path in sorted(Path("/dev").glob("[vs]d[a-z]")) if path.is_block_device())
number = Path("/sys/block", disk.name, "dev").read_text().strip()
reader = Path("/sys/fs/cgroup/lab/reader")
reader.mkdir()


def read_disk():
    """Reads 2 MiB in the group; how long it took, in seconds."""
    began = time.monotonic()
    start_in("lab/reader", f"dd if={disk} bs=64k count=32 iflag=direct status=none").wait()
    return time.monotonic() - began


free = read_disk()
(reader / "io.max").write_text(f"{number} rbps=1048576")
slow = read_disk()
stat = (reader / "io.stat").read_text()
read = sum(int(word[7:]) for word in stat.split() if word.startswith("rbytes="))
print("read in all:", read >> 20, "MiB")
print(f"with the limit it took more than a second: {slow > 1}, without: {free > 1}")

# %% [markdown]
# What is *written* mostly goes to the page cache first and to the disk later. Version 2 knows even then
# whose it was; version 1 could not tell, and its limits missed most writes. That is one reason why there
# is a version 2. Docker: `--device-read-bps`.
#
# ## Processes: a fork bomb that is harmless
#
# A fork bomb starts processes until nothing works any more. `pids.max` is the wall around it. This one is
# tame besides (it stops after 60), but on your own computer you would still not run it without the group.

# %%
predict(
    "bomb",
    "pids.max is 20. The bomb wants to start 60 processes. What happens?",
    ["all but 20 are killed", "fork fails when 20 are there", "the bomb itself is killed"],
)

# %% language="bash"
# cd /sys/fs/cgroup/lab; mkdir cage; echo 20 > cage/pids.max
# sh -c 'echo $$ > cage/cgroup.procs; for n in $(seq 60); do sleep 600 & done' > /dev/null 2>&1 || true
# grep -c . cage/cgroup.procs | sed 's/.*/and still this shell works/'
# cat cage/pids.max

# %%
refused = numbers("lab/cage", "pids.events")["max"]
compare("bomb", happened="fork fails when 20 are there" if refused else "nothing")

# %% [markdown]
# Whoever forks hears "Resource temporarily unavailable" and has to live with it. And then, all of them at
# once, without a race against the next fork: freeze the group, look, and kill it.

# %% language="bash"
# cd /sys/fs/cgroup/lab/cage
# echo 1 > cgroup.freeze; sleep 0.3; grep frozen cgroup.events
# echo 1 > cgroup.kill; sleep 0.3; grep populated cgroup.events

# %% [markdown]
# `docker pause` is `cgroup.freeze`. (In version 1 there was a controller `freezer` for it, and no way to
# kill a group at once.)
#
# ## Delegation
#
# Files have owners. Give the folder and *these* files to a user, and a part of the tree is that user's:
# groups below it can be made, filled and limited without root. This is how rootless containers get their
# limits. What is **not** given are the limits of the group itself.

# %% language="bash"
# cat /sys/kernel/cgroup/delegate | grep -E '^cgroup' | sort
# cd /sys/fs/cgroup/lab; mkdir guest; echo 64M > guest/memory.max
# cd guest; chown 2001 . cgroup.procs cgroup.subtree_control cgroup.threads
# as_guest() { setpriv --reuid=2001 --regid=2001 --clear-groups sh -c "$1" 2>&1 | sed 's/.*: //'; }
# as_guest 'mkdir own && echo +memory > cgroup.subtree_control && echo 16M > own/memory.max && cat own/memory.max'
# as_guest 'echo max > memory.max'

# %% [markdown]
# The guest divides 64 MiB as it likes, and cannot make more of them. Even `memory.max` of `own` set to
# 1 GiB would not: a limit holds for a group **with all that is below it**.
#
# ## A container's group
#
# Nothing of this is special to containers; containers just use it. A sandbox with limits, and its files:

# %%
box = Sandbox(name="diner", limits={"memory.max": "48M", "pids.max": 30}).start(
    ["sleep", "600"], replace=True
)
inside = Cgroup.of(box.pid)
print(inside["memory.max"], inside["pids.max"])

# %% [markdown]
# And now a live one. Move the sliders: they write the files of the group `mill`, in which a busy process
# runs. Watch how it takes more CPU time, or waits. (Without a running kernel you see the picture alone.)

# %%
miller = start_in("lab/mill", "yes")
live(
    cgroups,
    mill,
    sliders={"cpu.max": (0.05, 1), "memory.max": ("8M", "128M"), "cpu.weight": (10, 1000)},
    actions={
        "Freeze it": mill.freeze,
        "Let it go on": mill.thaw,
    },
)

# %% [markdown]
# ## Version 1, beside version 2
#
# Before 2016 there was only version 1, and older machines still have it: **a tree for each controller**,
# so one process is in a dozen groups at once. Many texts show its files, and this configuration file of
# libcgroup (`/etc/cgconfig.conf`, applied by `cgconfigparser` when a machine started). Such files are from
# the time of CentOS 6. Read one; what stands on the right is the same for version 2:

# %%
conf = """
mount {
    cpu    = /cgroup/cpu;
    memory = /cgroup/memory;
    blkio  = /cgroup/blkio;
}

group lab/web {
    perm {
        task  { uid = root; gid = root; }
        admin { uid = root; gid = root; }
    }
    cpu {
        cpu.shares = 512;
        cpu.cfs_quota_us = 50000;
    }
    memory {
        memory.limit_in_bytes = 96M;
        memory.swappiness = 0;
    }
    blkio {
        blkio.throttle.read_bps_device = "254:0 1048576";
    }
}
"""
cgconfig(conf)

# %% [markdown]
# Files have other names, some values another scale (`cpu.shares` from 2 to 262144 became `cpu.weight` from
# 1 to 10000), and some things are gone, each for a reason. It goes both ways
# (512 comes back as 521: there are fewer weights than there were shares):

# %%
from labkit.sandbox.cgconfig import mistakes, parse, to_v1, to_v2, write

config = to_v2(parse(conf)).config
print(write(to_v1(config).config))

# %% [markdown]
# A file that is wrong is found wrong before anything is made, with line and column:

# %%
for mistake in mistakes(parse(conf.replace("limit_in_bytes", "limit_in_byte")), version=1):
    print(mistake)

# %% [markdown]
# **Applied**, each group becomes a folder and each line a write. And **read back**: what the kernel says
# now, as such a file again.

# %%
from labkit.sandbox.cgconfig import apply, read_back

with apply(config) as applied:
    print(applied.groups[-1]["memory.max"], applied.groups[-1]["cpu.max"])
    there = read_back(applied.groups)
print("memory.max = 100663296" in write(there).replace('"', ""))

# %% [markdown]
# (Today one rarely writes such a file: on a machine with systemd, a *slice* or a unit says
# `MemoryMax=96M`, and systemd is the one who writes into the tree. Leave its groups to it, and ask for a
# delegated one: `Delegate=yes`.)
#
# ## Tidy up
#
# A group with processes in it cannot be removed, nor one with groups below it. So: kill, then remove from
# the leaves up.

# %% language="bash"
# cd /sys/fs/cgroup
# echo 1 > lab/cgroup.kill; sleep 0.5
# find lab -depth -type d -exec rmdir {} \;
# ls -d lab 2> /dev/null || echo "all gone"

# %% [markdown]
# ## What you can say now
#
# - A cgroup is a folder; its limits are files; a process goes in when its PID is written into
#   `cgroup.procs`, and its children are born there.
# - Groups form **one tree** (in version 2). Each passes on controllers, and a limit holds for all below.
# - At `memory.max` the kernel kills, at `cpu.max` one waits, at `pids.max` a fork fails, at `io.max` one
#   is slow. A weight only divides what is wanted twice.
# - Docker, systemd and Kubernetes have other words for the same files.
#
# **Read the source**: `labkit/sandbox/cgroups.py`
# is how labkit finds a place for its groups on machines with version 1, version 2, or both. In a cell:
# `import labkit.sandbox.cgroups as source; print(open(source.__file__).read())`. Which function would
# answer "no" for an ordinary user, and why?
