# %% setup=true
import subprocess

from labkit import begin, check, hint, reveal, task

lab = begin("cgroups")
lab

# %% [markdown]
# These values are yours; somebody else gets others. All groups of this exercise lie below
# `/sys/fs/cgroup/lab`. The next cell makes that one, and makes it empty, whatever was in it.

# %% setup=true language="bash"
# cd /sys/fs/cgroup
# if [ -d lab ]; then echo 1 > lab/cgroup.kill; fi
# for try in $(seq 100); do
#     [ -d lab ] || break
#     find lab -depth -type d -exec rmdir {} \; 2> /dev/null || sleep 0.05
# done
# mkdir lab

# %% [markdown]
# Work as you like: in cells that begin with `%%bash`, with `!commands`, in Python, or in a terminal of
# this machine (*File*, *New Launcher*). Two things are worth knowing:
#
# - What a cell starts in a shell may end with that cell. What shall go on running is started from
#   Python: `subprocess.Popen(["sleep", "600"])`, or with `start_in` below.
# - In a `!` line, IPython reads `$$` as one `$`. In `%%bash` and in Python it is left alone.


# %% setup=true
def start_in(group, command):
    """A shell that goes into a group, and then becomes the command."""
    script = f"echo $$ > {group}/cgroup.procs && exec {command}"
    return subprocess.Popen(["sh", "-c", script], stdout=subprocess.DEVNULL)


# %% [markdown]
# ## Task 1 · Give a process a limit
#
# Make the group `/sys/fs/cgroup/lab/GROUP`, where GROUP is `lab["group"]`. It shall be able to use
# **`lab["memory_mib"]` MiB of memory** at most, and exactly one process shall be in it and go on
# running there: `sleep` with `lab["seconds"]` seconds.
#
# (The group `lab` is as `mkdir` made it. Does it pass on what you need?)

# %% task="memory-limit"
### BEGIN SOLUTION: make the group, and bring the process in
# !echo "+memory +cpu +cpuset +pids" > /sys/fs/cgroup/lab/cgroup.subtree_control
group = f"/sys/fs/cgroup/lab/{lab['group']}"
# !mkdir -p {group}
# !echo {lab["memory_mib"]}M > {group}/memory.max
sleeper = subprocess.Popen(["sleep", str(lab["seconds"])])
# !echo {sleeper.pid} > {group}/cgroup.procs
### END SOLUTION

# %% check="memory-limit"
check("memory-limit")

# %% [markdown]
# ## Task 2 · One dies, its neighbour lives
#
# Below `lab`, make a group `pair`, and in it two groups: `glutton` and `neighbour`. The glutton may
# have **`lab["small_mib"]` MiB**, the neighbour as much as there is. In the neighbour runs `sleep` with
# `lab["seconds"]` seconds. Then let a process in the glutton want more than it may have, until **the
# kernel kills it**; the neighbour goes on.
#
# Something that eats memory: `tail /dev/zero`.

# %% task="oom-kill"
### BEGIN SOLUTION: make both groups, limit one of them, and let it eat
pair = "/sys/fs/cgroup/lab/pair"
# !mkdir -p {pair}
# !echo "+memory" > {pair}/cgroup.subtree_control
# !mkdir -p {pair}/glutton {pair}/neighbour
# !echo {lab["small_mib"]}M > {pair}/glutton/memory.max
neighbour = start_in(f"{pair}/neighbour", f"sleep {lab['seconds']}")
glutton = start_in(f"{pair}/glutton", "tail /dev/zero")
print("exit code of the glutton:", glutton.wait())
### END SOLUTION

# %% check="oom-kill"
check("oom-kill")

# %% [markdown]
# ## Task 3 · A part of one CPU
#
# Make a group `mill` below `lab` and let something busy run in it, such as `yes > /dev/null`. It shall
# get **`lab["percent"]` percent of one CPU**, and no more, however much it wants. The check measures.

# %% task="cpu-quota"
### BEGIN SOLUTION: make the mill, and set its quota
mill = "/sys/fs/cgroup/lab/mill"
# !mkdir -p {mill}
# !echo {lab["percent"]}000 100000 > {mill}/cpu.max
miller = start_in(mill, "yes")
### END SOLUTION

# %% check="cpu-quota"
check("cpu-quota")

# %% [markdown]
# ## Task 4 · Shares of a CPU that is wanted twice
#
# Below `lab`, a group `market`, and in it `left` and `right`, each with something busy in it. As long
# as both want it, `left` shall get **`lab["times"]` times as much CPU time** as `right`. Set no quota:
# when one of them pauses, the other may have all.
#
# (This machine may have more than one CPU. What does that do to a share?)

# %% task="cpu-weight"
### BEGIN SOLUTION: make the market, with one CPU and two weights
market = "/sys/fs/cgroup/lab/market"
# !mkdir -p {market}
# !echo 0 > {market}/cpuset.cpus
# !echo "+cpu" > {market}/cgroup.subtree_control
# !mkdir -p {market}/left {market}/right
# !echo {lab["times"]}00 > {market}/left/cpu.weight
# !echo 100 > {market}/right/cpu.weight
traders = [start_in(f"{market}/{side}", "yes") for side in ("left", "right")]
### END SOLUTION

# %% check="cpu-weight"
check("cpu-weight")

# %% [markdown]
# ## Task 5 · A fork bomb in a cage
#
# Make a group `cage` below `lab` in which **at most `lab["processes"]` processes** can be, and let this
# bomb go off in it. (It is a tame one: it stops after 60. Real ones never do.)

# %% setup=true
bomb = "for n in $(seq 60); do sleep 300 & done"

# %% task="fork-bomb"
### BEGIN SOLUTION: make the cage, and let the bomb go off in it
cage = "/sys/fs/cgroup/lab/cage"
# !mkdir -p {cage}
# !echo {lab["processes"]} > {cage}/pids.max
script = f"echo $$ > {cage}/cgroup.procs; {bomb}"
exploded = subprocess.run(
    ["sh", "-c", script], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
)
### END SOLUTION

# %% check="fork-bomb"
check("fork-bomb")

# %% [markdown]
# ## Task 6 · Give a part of the tree away
#
# Make a group `studio` below `lab` and delegate it to the **user with the number `lab["uid"]`**: that
# user shall be able to make groups below it and to fill them, and shall **not** be able to change the
# limits of `studio` itself.

# %% task="delegate"
### BEGIN SOLUTION: make the studio, and give it away
studio = "/sys/fs/cgroup/lab/studio"
# !mkdir -p {studio}
# !cd {studio} && chown {lab["uid"]} . cgroup.procs cgroup.subtree_control cgroup.threads
### END SOLUTION

# %% check="delegate"
check("delegate")

# %% [markdown]
# ## Task 7 · From cgroup v1 to v2
#
# This `cgconfig.conf` comes from an old machine with cgroup v1. Somebody has edited it in a hurry, and
# it has two faults.

# %% setup=true
from labkit.sandbox.cgconfig import mistakes, parse, to_v2, write

old = lab.folder / "cgconfig.conf"
text = """\
mount {
    cpu    = /cgroup/cpu;
    memory = /cgroup/memory;
}

group lab/web {
    cpu {
        cpu.shares = SHARES
    }
    memory {
        memory.limit_in_bytes = WEB_MIBM;
        memory.swappiness = 0;
    }
}

group lab/batch {
    cpu {
        cpu.cfs_quota_us = 50000;
        cpu.cfs_period_us = 100000;
    }
    memory {
        memory.limit_in_byte = 64M;
    }
}
"""
if not old.exists():
    written = old.write_text(
        text.replace("SHARES", str(lab["shares"])).replace("WEB_MIB", str(lab["web_mib"]))
    )

# %% [markdown]
# 1. Repair `cgconfig.conf` in your folder, so that it says what was meant.
# 2. Write its translation for cgroup v2 beside it, as `cgconfig-v2.conf`. `to_v2(parse(text))` may
#    help, or you write it by hand. `.left_out` says what v2 does not have.
# 3. Make it true: the groups `lab/web` and `lab/batch`, with all that the new file says.

# %% task="cgconfig"
### BEGIN SOLUTION: repair it, translate it, make it true
from pathlib import Path

repaired = old.read_text().replace("limit_in_byte =", "limit_in_bytes =")
repaired = repaired.replace(f"cpu.shares = {lab['shares']}\n", f"cpu.shares = {lab['shares']};\n")
chars = old.write_text(repaired)
assert not mistakes(parse(repaired), version=1)
config = to_v2(parse(repaired)).config
chars = (lab.folder / "cgconfig-v2.conf").write_text(write(config))
for one in config.groups:
    folder = Path("/sys/fs/cgroup") / one.name
    folder.mkdir(exist_ok=True)
    for controller in one.controllers:
        for setting in controller.settings:
            chars = (folder / setting.name).write_text(setting.value)
### END SOLUTION

# %% check="cgconfig"
check("cgconfig")

# %% [markdown]
# ## Tidy up
#
# A machine of its own is thrown away with all that is in it. Anywhere else, groups stay until
# somebody removes them, and a group with processes cannot be removed. When you are done (the checks
# need them until then), the second cell of this notebook does both at once.
