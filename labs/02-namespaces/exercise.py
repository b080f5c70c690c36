# %% setup=true
import os
import subprocess

from labkit import Sandbox, begin, check, hint, reveal, task

lab = begin("namespaces")
lab

# %% [markdown]
# These values are yours; somebody else gets others. Write into the cells that say *Your turn*: in
# Python or with `!commands` (what is to go on running cannot begin with a `!`:
# `start("sleep", "100")` starts it), or work in a terminal. A check asks the kernel what is there, not how it came
# about. In a `!command`, `{lab["left"]}` stands for your value.
#
# When this notebook's Python ends, what it started ends and the named network namespaces go. The next
# cell sees to that: a shell that waits for the end of a pipe. (The exercise and its solution work with
# the same names. Where both are open, the last one out puts out the light: that is what the lock is for.)

# %% setup=true
names = [
    lab["left"],
    lab["right"],
    *(f"{lab['place']}-{part}" for part in ("home", "router", "world")),
]
watch = f"""
trap '' TERM; exec 9<"$0"; flock --shared 9; echo ready
while read pid; do pids="$pids $pid"; done
for pid in $pids; do kill -KILL -$pid; done
flock --exclusive --nonblock 9 || exit 0
for name in {" ".join(names)}; do ip netns delete $name; done
"""
pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
sweeper = lab.spawn(["sh", "-c", watch, str(lab.folder.parent)], **pipes)
ready = sweeper.stdout.readline()


def start(*argv):
    """Starts a program that goes on running, and ends with this notebook's Python at the latest."""
    process = lab.spawn(argv)
    sweeper.stdin.write(f"{process.pid}\n".encode())
    sweeper.stdin.flush()
    return process


# %% [markdown]
# ## Task 1 · Alone in the world
#
# Start `sleep` with `lab["alone"]` seconds such that it is **PID 1**, a `ps` beside it would show
# **nothing but itself**, and its hostname is `lab["hostname"]`. Leave it running.

# %% task="own-view"
### BEGIN SOLUTION: start the process in three kinds of new namespaces
script = f"hostname {lab['hostname']}; exec sleep {lab['alone']}"
kinds = ["--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc", "--uts"]
alone = start("unshare", *kinds, "sh", "-c", script)
### END SOLUTION

# %% check="own-view"
check("own-view")

# %% [markdown]
# ## Task 2 · Two namespaces, one cable
#
# Make two named network namespaces, `lab["left"]` and `lab["right"]`, and join them by a veth pair:
# the left end has the address `10.N.0.1/24`, the right end `10.N.0.2/24`, where N is `lab["net"]`.
# They shall **ping each other**.

# %% task="joined"
### BEGIN SOLUTION: two namespaces, a cable, addresses, and switch it on
left, right, net = lab["left"], lab["right"], lab["net"]
commands = f"""
ip netns delete {left} 2>/dev/null; ip netns delete {right} 2>/dev/null
ip netns add {left}
ip netns add {right}
ip -n {left} link add eth0 type veth peer name eth0 netns {right}
ip -n {left} address add 10.{net}.0.1/24 dev eth0
ip -n {right} address add 10.{net}.0.2/24 dev eth0
ip -n {left} link set eth0 up
ip -n {right} link set eth0 up
"""
done = subprocess.run(["sh", "-c", commands], check=True)
### END SOLUTION

# %% check="joined"
check("joined")

# %% [markdown]
# ## Task 3 · A way out
#
# The next cell makes three namespaces in a row: a *home* with a private address, a *router* with a
# leg on either side, and the *world*, which answers at 203.0.113.9 and knows no private addresses.
#
# Something is missing, in more than one place. Find out what, step by step, and make the **home reach
# the world**, without telling the world anything. (`ip -n NAME …` looks into one of them.)

# %% setup=true
place, net = lab["place"], lab["net"]
home, router, world = (f"{place}-{part}" for part in ("home", "router", "world"))
beginning = f"""
for name in {home} {router} {world}; do ip netns delete $name 2>/dev/null; ip netns add $name; done
ip -n {home} link add eth0 type veth peer name lan netns {router}
ip -n {world} link add eth0 type veth peer name wan netns {router}
ip -n {home} address add 192.168.{net}.2/24 dev eth0
ip -n {router} address add 192.168.{net}.1/24 dev lan
ip -n {router} address add 203.0.113.1/24 dev wan
ip -n {world} address add 203.0.113.9/24 dev eth0
for name in {home} {world}; do ip -n $name link set eth0 up; done
for name in lan wan; do ip -n {router} link set $name up; done
ip netns exec {router} sysctl --quiet --write net.ipv4.ip_forward=0
"""
made = subprocess.run(["sh", "-c", beginning], check=True)

# %% task="way-out"
### BEGIN SOLUTION: a route, forwarding, and another sender's address
commands = f"""
ip -n {home} route replace default via 192.168.{net}.1
ip netns exec {router} sysctl --quiet --write net.ipv4.ip_forward=1
ip netns exec {router} iptables -t nat -A POSTROUTING -o wan -j MASQUERADE
"""
done = subprocess.run(["sh", "-c", commands], check=True)
### END SOLUTION

# %% check="way-out"
check("way-out")

# %% [markdown]
# ## Task 4 · Two in one network
#
# The next cell starts a container with the hostname `app`. Start `sleep` with `lab["sidecar"]` seconds such that
# it **shares the network namespace** of `app`, and of `pid`, `mnt`, `uts` and `ipc` **none**. Leave it
# running. (That is how the containers of a Kubernetes pod find each other on `localhost`.)

# %% setup=true
mine = f"app-{os.getpid()}"  # names are unique on a machine, and the solution may be open, too
app = Sandbox(name=mine, hostname="app").start(["sleep", "7100"], replace=True)

# %% task="pod"
### BEGIN SOLUTION: join one namespace
user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
sleep = ["sleep", str(lab["sidecar"])]
sidecar = start("nsenter", *user, "--target", str(app.pid), "--net", *sleep)
### END SOLUTION

# %% check="pod"
check("pod")

# %% [markdown]
# ## Task 5 · Another name on the same passport
#
# Start `sleep` with `lab["guest"]` seconds in a user namespace in which it is user `lab["uid"]`,
# while out here it is still you. Leave it running.

# %% task="uid-map"
### BEGIN SOLUTION: a user namespace with a table of one line
guest = start("unshare", "--user", f"--map-user={lab['uid']}", "sleep", str(lab["guest"]))
### END SOLUTION

# %% check="uid-map"
check("uid-map")

# %% [markdown]
# ## Task 6 · Up for a long time
#
# Start `sleep` with `lab["clock"]` seconds such that for it the machine has been up for `lab["days"]`
# **days** longer than it really has. Leave it running.

# %% task="uptime"
### BEGIN SOLUTION: a time namespace with one clock moved
seconds = str(lab["days"] * 86400)
kinds = ["--user", "--map-root-user", "--time", "--boottime", seconds, "--fork", "--kill-child"]
clock = start("unshare", *kinds, "sleep", str(lab["clock"]))
### END SOLUTION

# %% check="uptime"
check("uptime")
