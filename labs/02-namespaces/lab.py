# %% [markdown]
# ## Eight views
#
# A [[namespace]] decides **what a process can see**. You may have read "the process namespace is what
# makes a container"; there are **eight kinds**, and each can be had alone. Every process is in exactly
# one of each kind, and `/proc` says in which:

# %% setup=true
import os
import subprocess

from labkit import Sandbox, begin, compare, live, namespaces, network, predict, xray

lab = begin("namespaces")

# %% [markdown]
# The numbers in brackets are the names of the namespaces: where two processes have the same number,
# they share that view.

# %%
# !ls -l /proc/self/ns | awk 'NF > 8 {print $9, $10, $11}'

# %% [markdown]
# The two with `_for_children` are for those who come next: a process cannot change its own PID, so a
# new PID namespace begins with its first child. (So does a new clock.)
#
# ## UTS: a name of one's own
#
# The smallest kind first. `unshare` runs a command in new namespaces; `--user --map-root-user` lets
# anybody do it, root or not (how, we shall see below). What will this machine be called afterwards?

# %%
predict(
    "hostname",
    "A process in a new UTS namespace sets the hostname to `island`. What is this machine called then?",
    ["island", "as before"],
)

# %%
before = os.uname().nodename
# !unshare --user --map-root-user --uts sh -c 'hostname island; echo inside: $(hostname)'

# %%
compare("hostname", happened="as before" if os.uname().nodename == before else "island")

# %% [markdown]
# ## PID: numbers of one's own, and a trap
#
# A new [[PID namespace]] counts from 1. `--fork` starts a child, for the child is the first who is in
# it. Now `ps` in there: how many processes will it list?

# %%
predict(
    "ps",
    "`ps` in a new PID namespace, and nothing else new. What does it list?",
    ["only what is inside", "every process of this machine"],
)

# %%
new_pid = ["unshare", "--user", "--map-root-user", "--pid", "--fork"]
count = "echo I am PID $$; ls /proc | grep -c '^[0-9]'"
surprise = subprocess.run([*new_pid, "sh", "-c", count], capture_output=True, text=True).stdout
pid, processes = surprise.splitlines()
print(pid)

# %%
few = int(processes) <= 4
compare("ps", happened="only what is inside" if few else "every process of this machine")

# %% [markdown]
# It is PID 1 and sees everybody. `ps` asks nobody for the numbers: it **reads the files of `/proc`**,
# and that was mounted by this machine. *Explain it, then fix it:* a `/proc` of one's own has to be
# mounted, where it disturbs nobody, in a new **mount** namespace. `--mount-proc` does both.

# %%
# !unshare --user --map-root-user --pid --fork --mount-proc ps -o pid,comm

# %% [markdown]
# *Proved.* Two kinds had to work together. A container is always several of them.
#
# ## Mount: files that others do not see
#
# A new mount namespace begins as a copy. What is mounted later, is mounted there only:

# %%
# !unshare --user --map-root-user --mount sh -c 'mount -t tmpfs none /mnt; touch /mnt/secret; ls /mnt'
print("out here:", os.path.exists("/mnt/secret"))

# %% [markdown]
# ## IPC: messages
#
# Shared memory and message queues have numbers that hold for the whole machine, unless one is in an
# [IPC namespace](https://man7.org/linux/man-pages/man7/ipc_namespaces.7.html) of one's own: a queue
# that is made inside is gone with it.

# %%
# !unshare --user --map-root-user --ipc sh -c 'ipcmk --queue >/dev/null; ipcs -q | grep -c 0x'

# %% [markdown]
# ## User: root and nobody at once
#
# How could everybody do all this without being root? The [[user namespace]] has a table: which
# numbers inside are which outside, and how many in a row. Who is in no table is user 65534.

# %%
predict(
    "root",
    "`unshare --user --map-root-user`: may that root change this machine's hostname?",
    ["yes, it is root", "no"],
)

# %%
# !unshare --user --map-root-user sh -c 'echo uid $(id -u)'
# !unshare --user sh -c 'echo uid $(id -u)'
attempt = subprocess.run(
    ["unshare", "--user", "--map-root-user", "hostname", "mine"], capture_output=True, text=True
)
print(attempt.stderr.strip())

# %%
compare("root", happened="yes, it is root" if attempt.returncode == 0 else "no")

# %% [markdown]
# It is root **of what belongs to its user namespace**, and the machine's hostname does not. With
# `--uts` it got a hostname that does. That is what *rootless* containers stand on: root inside, a
# user like any other outside, for whoever breaks out as well.
#
# ## Cgroup: where the tree begins
#
# A cgroup namespace hides where in the tree one is: one's own group becomes `/`. It limits nothing
# (that is topic 03's matter).

# %%
# !unshare --user --map-root-user --cgroup sh -c 'cut -d: -f3 /proc/self/cgroup | sort -u'

# %% [markdown]
# ## Time: since when
#
# The youngest kind (Linux 5.6) moves two clocks: the one since the start of the machine, and the
# monotonic one. Not the time of day: that is the same for all. A process that is moved to another
# machine needs it, lest its clock run backwards.

# %%
days = "unshare --user --map-root-user --time --boottime 8640000 --fork cat /proc/uptime"
inside = float(subprocess.run(days.split(), capture_output=True, text=True).stdout.split()[0])
outside = float(open("/proc/uptime").read().split()[0])
print(f"{(inside - outside) / 86400:.0f} days longer up, in there")

# %% [markdown]
# ## Net: the kind that gets names
#
# A [[network namespace]]
# ([network_namespaces(7)](https://man7.org/linux/man-pages/man7/network_namespaces.7.html)) has its own
# links, addresses, routes, firewall and ports. `ip netns add` makes one **with a name**. (What
# follows is the exercise of the blog that this topic links to, and one step more.) Names hold for the
# whole machine, so yours begin with a word of your own; `{red}` stands for the first of them. The
# first lines take away what an earlier run forgot, and start a shell that takes the names away again
# when this notebook's Python ends.

# %%
red, blue, switch, far = (f"{lab['place']}-{part}" for part in ("red", "blue", "switch", "far"))
sweep = f"for name in {red} {blue} {switch} {far}; do ip netns delete $name; done 2>/dev/null"
forgotten = subprocess.run(["sh", "-c", sweep])
sweeper = lab.spawn(["sh", "-c", f"trap '' TERM; cat; {sweep}"], stdin=subprocess.PIPE)
# !ip netns add {red}
# !ip netns add {blue}
# !ls /run/netns | grep -c -x -e {red} -e {blue}

# %% [markdown]
# No process is in them, and yet they live: a file keeps each. What is in there?

# %%
predict(
    "empty", "Which links has a new network namespace?", ["none", "lo, switched off", "eth0 and lo"]
)

# %%
# !ip -n {red} -brief link

# %%
new = subprocess.run(["ip", "-n", red, "-brief", "link"], capture_output=True, text=True).stdout
compare("empty", happened="lo, switched off" if new.startswith("lo") and "DOWN" in new else new)

# %% [markdown]
# ### A cable: the veth pair
#
# A [[veth pair]] is two links that are two ends of one cable. One end into `red`, one into `blue`, an address each:

# %%
# !ip -n {red} link add eth0 type veth peer name eth0 netns {blue}
# !ip -n {red} address add 10.1.0.1/24 dev eth0
# !ip -n {blue} address add 10.1.0.2/24 dev eth0
ping = ["ip", "netns", "exec", red, "busybox", "ping", "-c", "1", "-W", "1", "10.1.0.2"]
failed = subprocess.run(ping, capture_output=True, text=True)
print((failed.stdout + failed.stderr).strip().splitlines()[-1])

# %% [markdown]
# No answer. *Explain it:* `ip -n {red} link` says `DOWN`: a link begins its life switched off. *Fix it:*

# %%
# !ip -n {red} link set eth0 up
# !ip -n {blue} link set eth0 up
worked = subprocess.run(ping, capture_output=True, text=True)
print(worked.stdout.splitlines()[-2])

# %% [markdown]
# *Proved.* Here is what you have built, as the kernel tells it (it goes on being true while you work:
# switch a link off in a terminal and look). The same, from Python, is what
# [pyroute2](https://docs.pyroute2.org) does: the kernel gets the same messages.

# %% tags=["nbval-ignore-output"]
live(network, None)

# %%
from concurrent.futures import ThreadPoolExecutor

from pyroute2 import NetNS


def links_of(name):
    """What `ip -brief link` prints, asked by Python."""
    with NetNS(f"/run/netns/{name}", flags=0) as namespace:
        return [(link.get("ifname"), link.get("state")) for link in namespace.get_links()]


with ThreadPoolExecutor() as pool:  # in a thread: it brings an event loop, and Jupyter has one
    links = pool.submit(links_of, red).result()
print(links)

# %% [markdown]
# ### A switch: the bridge, and a way out
#
# A cable joins two. For more, all cables go to a [[bridge]]. Ours lies in a namespace of its own,
# `{switch}`; Docker's (`docker0`) lies in the machine's own. The same namespace is the router to the rest
# of the world, which is `{far}`.

# %%
steps = f"""
ip -n {red} link delete eth0
ip netns add {switch}; ip netns add {far}
ip -n {switch} link add br0 type bridge
for name in {red} {blue}; do
    ip -n $name link add eth0 type veth peer name to-$name netns {switch}
    ip -n {switch} link set to-$name master br0 up
    ip -n $name link set eth0 up
done
ip -n {switch} link set br0 up
ip -n {red} address add 10.1.0.1/24 dev eth0
ip -n {blue} address add 10.1.0.2/24 dev eth0
ip -n {switch} address add 10.1.0.254/24 dev br0
ip -n {switch} link add wan type veth peer name eth0 netns {far}
ip -n {switch} address add 203.0.113.1/24 dev wan
ip -n {far} address add 203.0.113.9/24 dev eth0
ip -n {switch} link set wan up; ip -n {far} link set eth0 up
"""
built = subprocess.run(["sh", "-ec", steps], check=True)


def answers(address):
    """Whether a packet from red is answered."""
    argv = ["ip", "netns", "exec", red, "busybox", "ping", "-c", "1", "-W", "1", address]
    return subprocess.run(argv, capture_output=True).returncode == 0


print("blue:", answers("10.1.0.2"), "world:", answers("203.0.113.9"))

# %% [markdown]
# Three things are missing: a route, somebody who forwards, and a sender's address that the world can
# answer to. (`nft` says the same as `iptables` in today's words.)

# %%
predict("nat", "With a route and forwarding, and no NAT: does red get an answer?", ["yes", "no"])

# %%
# !ip -n {red} route add default via 10.1.0.254
# !ip netns exec {switch} sysctl --quiet --write net.ipv4.ip_forward=1
without = answers("203.0.113.9")
compare("nat", happened="yes" if without else "no")

# %%
# !ip netns exec {switch} iptables -t nat -A POSTROUTING -o wan -j MASQUERADE
print("world:", answers("203.0.113.9"))

# %% [markdown]
# That is [[NAT]], and all there is to the network of a container engine.
#
# ## Into a running container
#
# `docker exec` and `kubectl exec` *join* the namespaces of a process that runs, by setns(2). So does
# `nsenter`, for the kinds that you name:

# %%
box = Sandbox(name="guest", hostname="guest-room").start(["sleep", "600"], replace=True)
join = ["nsenter", "--user", "--preserve-credentials", "--target", str(box.pid)]
for kinds in (["--uts"], ["--net"], ["--uts", "--net"]):
    done = subprocess.run([*join, *kinds, "hostname"], capture_output=True, text=True)
    print(*kinds, "→", "its hostname" if done.stdout.strip() == "guest-room" else "this machine's")

# %% [markdown]
# Which namespaces do two processes share? Compare the numbers:

# %%
for kind in ("user", "pid", "mnt", "uts", "ipc", "net", "cgroup", "time"):
    same = os.readlink(f"/proc/self/ns/{kind}") == os.readlink(f"/proc/{box.pid}/ns/{kind}")
    print(f"{kind:7}", "shared" if same else "its own")

# %%
xray(box)

# %% [markdown]
# `lsns` lists all of this machine's namespaces, with how many processes are in each:

# %% tags=["nbval-ignore-output"]
# !lsns --output TYPE,NS,NPROCS,COMMAND | head -20

# %% [markdown]
# And the two of you as a picture: a line runs down from each of your namespaces; where the guest has
# one of its own, there is a lock on it. Below stands who owns them: a user namespace owns what was
# made in it, and its root is root of that alone. (`live(namespaces, None)` shows the whole machine.)

# %%
namespaces([box.pid])

# %%
box.stop()
sweeper.stdin.close()
ended = sweeper.wait(timeout=5)

# %% [markdown]
# ## What you can say now
#
# - Eight kinds of namespace, each to be had alone; a container is a process with several new ones.
# - `ps` reads `/proc`: a PID namespace without a mount namespace hides nothing from it.
# - Root in a user namespace is root of what belongs to that namespace.
# - Networks are cables, switches, routes and NAT; a named one lives without a process.
#
# **Last exercise: read the source.** Open `labkit/sandbox/helper/launch.py` and find the flags with
# which a sandbox's first process is cloned. Which kinds do you recognise? Which has to come first
# for an ordinary user, and why? Then `labkit/sandbox/helper/entering.py`: it is `nsenter` in some lines.
