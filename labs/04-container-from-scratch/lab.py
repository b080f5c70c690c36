# %% [markdown]
# ## Your own container
#
# A [[container]] is a process with walls around it. In this lab you build them, one at a time, in
# about a hundred lines of Python: **[[break out]], close the hole, prove that it is closed**, nine times
# over. Nothing is borrowed: the program knows Python and the [[kernel]], and not labkit.
#
# (The idea is Liz Rice's, who does it in Go, live on stage. Her talks are linked below.)

# %% setup=true
from labkit import ImageStore, Sandbox, begin, compare, predict, xray
from workbench import Bench, Program

lab = begin("container-from-scratch")
bench = Bench(lab.folder)
practice = bench.practice

# %% [markdown]
# ### A machine to break
#
# What has holes may hurt the machine it runs on. So you get a **practice machine** for each try:
# `practice` runs a shell script as [[root]] in namespaces of its own (topic 02's `unshare`), and all
# of it is gone when the script ends. What follows needs root, and in there anybody is. (Who lends you
# that power? Keep the question for the sequel.)

# %%
practice("""
hostname machine
echo "I am $(id -un) on $(hostname), and my shell is PID $$"
ps -o pid,comm
""")

# %% [markdown]
# ## Step 1: run a command
#
# Here is the beginning: read the command line, [fork](https://man7.org/linux/man-pages/man2/fork.2.html),
# become the command, wait for its end. The options are those that we will need; you need not read
# them twice.

# %%
import argparse
import os
import sys


def run(options):
    """Starts the container, waits for its end, gives its exit code."""
    child = os.fork()
    if child == 0:
        inside(options)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def inside(options):
    """What the child does to itself; then it becomes the command."""
    os.execvp(options.command[0], options.command)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--hostname", default="container")
    parser.add_argument("--root", default="/", help="folder, or layers with ':' between")
    parser.add_argument("--memory", help="at most so many bytes")
    parser.add_argument("--pids", help="at most so many processes")
    parser.add_argument("--group", default=f"container-{os.getpid()}", help="name of its cgroup")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    sys.exit(run(parser.parse_args()))


# %% [markdown]
# These functions go into a file, `container.py`, in your folder (`my-work/container-from-scratch`),
# below the numbers that the kernel's headers have for what we ask of it. Open the file beside this
# notebook if you like, and watch it grow.

# %%
program = Program(
    lab.folder / "container.py",
    '''
"""A container from scratch:  python3 container.py [OPTIONS] COMMAND …"""

import argparse
import ctypes
import os
import signal
import sys
import warnings  # os.execvpe needs it, and in a new root it is too late to import anything

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND = 1, 2, 4, 8, 0x1000
MS_REC, MS_PRIVATE, MNT_DETACH = 0x4000, 0x40000, 2
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 24, 38
''',
)
program.put(run, inside, main)
practice("""
python3 container.py echo hello from the child
""")

# %% [markdown]
# It runs, and is no container yet: there is not one wall.
#
# ## Step 2: a hostname of its own
#
# A container wants a name. Python has no function for this, so we call the kernel's
# (`call` will serve us to the end):

# %%
import ctypes


def call(name, *arguments):
    """Makes a system call that Python has no function for."""
    words = [word.encode() if isinstance(word, str) else word for word in arguments]
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*words) < 0:
        sys.exit(f"{name}: {os.strerror(ctypes.get_errno())}")


def inside(options):
    """What the child does to itself; then it becomes the command."""
    call("sethostname", options.hostname, len(options.hostname))
    os.execvp(options.command[0], options.command)


program.put(call, inside)

# %%
predict(
    "hostname",
    "The container names itself 'cabin', and ends. What is the machine called after that?",
    ["machine", "cabin"],
)

# %%
practice("""
hostname machine
echo "container: $(python3 container.py --hostname cabin hostname)"
echo "machine:   $(hostname)"
""")

# %% [markdown]
# **Broken out.** A process that wanted a name for itself has renamed the machine, for everybody.

# %%
compare("hostname", happened=bench.said.split()[-1])

# %% [markdown]
# **The fix**: before the child is born, ask for a new UTS [[namespace]]. (UTS is "Unix time-sharing":
# a name as old as the `uname` that it isolates.)


# %%
def new_namespaces():
    """Leaves the machine's namespaces for new ones; the children are born there."""
    call("unshare", CLONE_NEWUTS)


def run(options):
    """Starts the container, waits for its end, gives its exit code."""
    new_namespaces()
    child = os.fork()
    if child == 0:
        inside(options)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


program.put(new_namespaces, run)
practice("""
hostname machine
echo "container: $(python3 container.py --hostname cabin hostname)"
echo "machine:   $(hostname)"
""")

# %% [markdown]
# **Closed**: the same two lines, and the machine keeps its name.
#
# ## Step 3: process numbers of its own
#
# **The hole**: whom can our container reach? Here is a process of the machine's, minding its own
# business.

# %%
attack = """
sleep 1000 & victim=$!
python3 container.py sh -c "kill $victim; sleep 0.3"
grep -q "State:.[RS]" /proc/$victim/status 2>&- && echo "the victim lives" || echo "the victim is dead"
"""
practice(attack)

# %% [markdown]
# Killed from inside the container. **The fix** is one more flag. It counts for children only: who calls `unshare` keeps the number that it has, and
# its first child is [[PID 1]] of the new namespace. That is why `run` forks *after* it.


# %%
def new_namespaces():
    """Leaves the machine's namespaces for new ones; the children are born there."""
    call("unshare", CLONE_NEWUTS | CLONE_NEWPID)


program.put(new_namespaces)
practice(attack)

# %% [markdown]
# **Closed**: in there, the victim's number belongs to nobody, and who has no number cannot be killed.
# Is it out of sight as well?

# %%
predict(
    "ps",
    "A container with a PID namespace of its own runs `ps`. What does it list?",
    ["itself alone", "the machine's processes", "nothing"],
)

# %%
practice("""
python3 container.py sh -c 'echo "I am PID $$"; ps -o pid,comm'
""")

# %%
others = len(bench.said.splitlines()) - 3  # without its own words, the heading, and `ps` itself
compare("ps", happened="the machine's processes" if others > 1 else "itself alone")

# %% [markdown]
# `ps` asks no namespace: it reads the files below `/proc`, and this `/proc` is still the machine's.
# Files are the next wall; keep that in mind until then.
#
# ## Step 4: a root of its own
#
# **The hole**: the container reads every file that we can read.

# %%
secret = lab.folder / "secret.txt"
secret.write_text("the machine's secret\n")
practice('python3 container.py cat "$SECRET"', SECRET=secret)

# %% [markdown]
# The oldest remedy is from 1979: [[chroot]] makes a folder the root of a process. In the folder lie
# the files of this course's base image (`$ROOT` below), for a program needs its commands and libraries
# there. We also lend it the machine's `/proc`, so that `ps` works inside.


# %%
def give_proc(root):
    """Lends the container the machine's /proc."""
    call("mount", "/proc", f"{root}/proc", None, MS_BIND | MS_REC, None)


def enter(root):
    """Makes this folder the root."""
    os.chroot(root)
    os.chdir("/")


def inside(options):
    """What the child does to itself; then it becomes the command."""
    call("sethostname", options.hostname, len(options.hostname))
    give_proc(options.root)
    enter(options.root)
    become(options.command)


def become(command):
    """Executes the command, without our environment: that may hold secrets, too."""
    os.execvpe(command[0], command, {"PATH": "/bin:/usr/bin"})


program.put(give_proc, enter, inside, become)
practice(
    """
python3 container.py --root "$ROOT" ls /
python3 container.py --root "$ROOT" cat "$SECRET" 2>&- || echo "no such file in here"
""",
    SECRET=secret,
)

# %% [markdown]
# The secret is gone. For good? This script lies in the container's own folder. It holds a folder
# **open**, moves its root *further down* by a second `chroot`, and then climbs up from the open
# folder, which is no longer below its root: nothing stops it at the top.

# %%
(bench.rootfs / "escape").write_text("""\
mkdir -p /bin/proc
mount --bind /proc /bin/proc  # to reach open files by their numbers
exec 9< /                     # hold a folder open: number 9
up=../../../../../../../..
chroot /bin /sh -c "/cat /proc/self/fd/9/$up/$up/$up/$1" || echo "there is no way up"
""")
predict(
    "chroot",
    "The script runs as root inside the chroot. Does it read the machine's secret?",
    ["yes", "no"],
)

# %%
practice('python3 container.py --root "$ROOT" sh /escape "$SECRET" 2>&-', SECRET=secret)

# %%
compare("chroot", happened="yes" if "the machine's secret" in bench.said else "no")

# %% [markdown]
# **Broken out.** `chroot` moves a sign that says "stop here"; the tree above is still there, and
# whoever can move the sign again is free. It was never meant as a wall.
#
# **The fix**: take the tree away. In mounts of its own, the container's folder becomes *the* root
# ([[pivot_root]]), and the machine's root, which now lies on top of it, is unmounted. Three things to
# mind, each of which has cost somebody an evening:
#
# - mounts spread to the machine unless they are made *private* first,
# - only a mount can become the root; a folder is made one by mounting it on itself,
# - `pivot_root(".", ".")` puts the old root on the new one, where `umount` finds it.


# %%
def new_root(folder):
    """Mounts of its own, and in them the files that will be the root."""
    call("unshare", CLONE_NEWNS)
    call("mount", None, "/", None, MS_REC | MS_PRIVATE, None)
    call("mount", folder, folder, None, MS_BIND, None)
    return folder


def enter(root):
    """Makes this folder the root, and takes the machine's away."""
    os.chdir(root)
    call("pivot_root", ".", ".")
    call("umount2", ".", MNT_DETACH)
    os.chdir("/")


def inside(options):
    """What the child does to itself; then it becomes the command."""
    call("sethostname", options.hostname, len(options.hostname))
    root = new_root(options.root)
    give_proc(root)
    enter(root)
    become(options.command)


program.put(new_root, enter, inside)
practice('python3 container.py --root "$ROOT" sh /escape "$SECRET" 2>&-', SECRET=secret)

# %% [markdown]
# **Closed**: the same script climbs as high as it likes, and finds its own root.
#
# ## Step 5: its own /proc
#
# We have lent it the machine's `/proc`. **The hole**: that shows more than names. Each process there
# has a link to *its* root.

# %%
practice(
    """
python3 container.py --root "$ROOT" sh -c 'ps -o pid,comm; cat "/proc/1/root/$0"' "$SECRET"
""",
    SECRET=secret,
)

# %% [markdown]
# There is the secret again, through the open door of the machine's PID 1. **The fix**: a `/proc` for
# its own PID namespace, mounted while the machine's is still in sight (the kernel gives none to
# those who cannot see one). Read-only, for `/proc/sys` has the kernel's own switches, and some of
# them count for the whole machine.
#
# And since we are filling folders: a few harmless devices, which every program expects.


# %%
def give_proc(root):
    """A /proc that shows the container's own processes, and turns no switches."""
    flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC
    call("mount", "proc", f"{root}/proc", "proc", flags, None)


def give_devices(root):
    """The machine's harmless devices, each mounted on an empty file."""
    for name in ("null", "zero", "full", "random", "urandom"):
        write(f"{root}/dev/{name}", "")
        call("mount", f"/dev/{name}", f"{root}/dev/{name}", None, MS_BIND, None)


def write(path, text):
    """Writes a small file."""
    with open(path, "w") as file:
        file.write(str(text))


def inside(options):
    """What the child does to itself; then it becomes the command."""
    call("sethostname", options.hostname, len(options.hostname))
    root = new_root(options.root)
    give_proc(root)
    give_devices(root)
    enter(root)
    become(options.command)


program.put(give_proc, give_devices, write, inside)
practice(
    """
python3 container.py --root "$ROOT" sh -c 'ps -o pid,comm; ls /proc/1/root/'
python3 container.py --root "$ROOT" sh -c 'cat "/proc/1/root/$0"' "$SECRET" 2>&- || echo "no secret"
""",
    SECRET=secret,
)

# %% [markdown]
# **Closed**: PID 1 is the container's own now, and behind its link lies the container's own root.
#
# ## Step 6: a limit
#
# So far it was about what a container *sees*. What may it *use*? This program doubles a text until
# it has 64 MiB of it.

# %%
(bench.rootfs / "bin/eat").write_text("""\
#!/bin/awk -f
BEGIN { text = "x"; while (length(text) < 67108864) text = text text; print length(text), "bytes eaten" }
""")
(bench.rootfs / "bin/eat").chmod(0o755)
practice('python3 container.py --root "$ROOT" eat')

# %% [markdown]
# **The hole**: nobody has asked it to stop at 64 MiB, and nobody would at 64 GiB. **The fix** is a
# [[cgroup]] (topic 03): a folder below `/sys/fs/cgroup`, a file with the limit, a file into which a
# process writes itself. Version 1 has a tree for each controller, version 2 one tree for all; a few
# lines tell them apart, and the rest is the same.


# %%
def make_groups(options):
    """Makes a group for each limit, on cgroup v1 or v2; gives their folders."""
    folders = []
    for controller, limit in {"memory": options.memory, "pids": options.pids}.items():
        if limit:
            folder = f"{place_of(controller)}/{options.group}"
            os.makedirs(folder, exist_ok=True)
            folders += [folder] * (folder not in folders)
            for file in ("max", "limit_in_bytes", "memsw.limit_in_bytes"):  # v2, then v1
                if os.path.exists(f"{folder}/{controller}.{file}"):
                    write(f"{folder}/{controller}.{file}", limit)
            if os.path.exists(f"{folder}/memory.swap.max"):
                write(f"{folder}/memory.swap.max", 0)  # v2: or it would swap instead of stopping
    return folders


def place_of(controller):
    """The topmost folder in which we may make a group, on v1 or v2."""
    if os.access(f"/sys/fs/cgroup/{controller}", os.W_OK):
        return f"/sys/fs/cgroup/{controller}"  # v1
    with open("/proc/self/cgroup") as file:
        own = file.read().partition("0::")[2].strip()
    folder = "/sys/fs/cgroup"
    for name in own.split("/"):
        folder = os.path.join(folder, name)
        if os.access(f"{folder}/cgroup.subtree_control", os.W_OK):
            write(f"{folder}/cgroup.subtree_control", f"+{controller}")
            return folder
    sys.exit(f"no cgroup for {controller} is ours to divide")


def join(folders):
    """Puts this process into the groups, and lets it take them for the root of all groups."""
    for folder in folders:
        write(f"{folder}/cgroup.procs", 0)  # 0 is whoever writes
    call("unshare", CLONE_NEWCGROUP)


# %% [markdown]
# `run` makes the groups and removes them; the child joins them before it does anything else. A
# command that was ended by a [[signal]] gets the [[exit code]] that every shell gives: 128 and the
# signal's number.


# %%
def run(options):
    """Starts the container, waits for its end, gives its exit code."""
    groups = make_groups(options)
    new_namespaces()
    child = os.fork()
    if child == 0:
        inside(options, groups)
    _, status = os.waitpid(child, 0)
    for folder in groups:
        os.rmdir(folder)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def inside(options, groups):
    """What the child does to itself; then it becomes the command."""
    join(groups)
    call("sethostname", options.hostname, len(options.hostname))
    root = new_root(options.root)
    give_proc(root)
    give_devices(root)
    enter(root)
    become(options.command)


program.put(run, inside, make_groups, place_of, join)
predict(
    "memory",
    "The program wants 64 MiB and may have 32. What happens?",
    ["it is refused memory and complains", "it is killed", "it waits until there is more"],
)

# %%
practice("""
python3 container.py --root "$ROOT" --memory 33554432 --group "$GROUP" eat
echo "exit code $?"
""")

# %%
compare(
    "memory",
    happened="it is killed" if "exit code 137" in bench.said else bench.said.splitlines()[0],
)

# %% [markdown]
# **Closed**: 137 is 128 + 9, the kernel's [[OOM kill]]. (A group outlives who made it. That is why
# the lab has given it a name, `$GROUP`, which it wrote down beforehand: it is removed whatever
# happens to this notebook. Real runtimes keep such a list, too.)
#
# ## Step 7: a network of its own
#
# **The hole**: many services believe that whoever reaches them on `localhost` is a friend.

# %%
admin = """
ifconfig lo up
mkdir -p admin && echo "the admin page" > admin/index.html
httpd -p 127.0.0.1:8080 -h admin
python3 container.py --root "$ROOT" wget -qO- http://127.0.0.1:8080/
"""
practice(admin)

# %% [markdown]
# **The fix** is a flag again, and one more for the two kinds of memory that processes can share by
# name (`ipc`):


# %%
def new_namespaces():
    """Leaves the machine's namespaces for new ones; the children are born there."""
    call("unshare", CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC)


program.put(new_namespaces)
practice(admin)

# %% [markdown]
# **Closed**, and a little too well: it has no network at all now. Topic 02 has shown how one lays a
# cable (a veth pair) to it.
#
# ## Step 8: less power
#
# The walls stand. But who is inside is root, and has built none of them that root cannot take down.
# Remember that `/proc` was read-only?

# %%
undo = """
python3 container.py --root "$ROOT" sh -c '
  mount -o remount,rw /proc
  case "$(grep " /proc " /proc/mounts)" in
    *rw,*) echo "/proc is writable again";;
    *) echo "/proc is still read-only";;
  esac'
"""
practice(undo)

# %% [markdown]
# **The fix**: root's power comes in some forty pieces, the [[capabilities]]. Strike all of
# them off the list of what this process, or any program that it will ever start, may have; and have
# the kernel promise that nothing brings them back ([[no_new_privs]]). Last of all steps, for the
# others need them.


# %%
def give_up_powers():
    """Lets go of every capability, for good."""
    with open("/proc/sys/kernel/cap_last_cap") as file:
        last = int(file.read())
    for number in range(last + 1):
        call("prctl", PR_CAPBSET_DROP, number, 0, 0, 0)
    call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def inside(options, groups):
    """What the child does to itself; then it becomes the command."""
    join(groups)
    call("sethostname", options.hostname, len(options.hostname))
    root = new_root(options.root)
    give_proc(root)
    give_devices(root)
    enter(root)
    give_up_powers()
    become(options.command)


program.put(give_up_powers, inside)
practice(undo)

# %% [markdown]
# **Closed.** (An engine leaves a dozen harmless ones, so that root inside can at least change the
# owner of its own files. labkit's sandboxes keep those that Podman keeps.)
#
# ## The sequel, part 1: rootless
#
# All this we did as root of a practice machine. An ordinary user gets nowhere with our program:

# %%
bench.as_user("""
echo "I am user $(id -u)"
python3 container.py --root "$ROOT" hostname
""")

# %% [markdown]
# For thirty years that was the end of it. Then came **the key that opens the other namespaces to
# anyone**: in a new [[user namespace]] everybody has all capabilities, over what belongs to that
# namespace and nothing else. A map says who its root is on the outside: you. (`setgroups` has to be
# given up first: a group can also *forbid* things, and nobody shall slip out of one.)
#
# While we are here: if our program is killed, its child shall not stay behind (`die_with_parent`).

# %%
import signal


def new_namespaces():
    """Leaves the machine's namespaces for new ones, as root of a user namespace."""
    uid, gid = os.getuid(), os.getgid()
    kinds = CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC
    call("unshare", CLONE_NEWUSER | kinds)
    write("/proc/self/setgroups", "deny")
    write("/proc/self/uid_map", f"0 {uid} 1")  # root in there is who we are out here
    write("/proc/self/gid_map", f"0 {gid} 1")
    die_with_parent()


def die_with_parent():
    """Asks the kernel to kill this process when its parent ends."""
    call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def inside(options, groups):
    """What the child does to itself; then it becomes the command."""
    die_with_parent()
    join(groups)
    call("sethostname", options.hostname, len(options.hostname))
    root = new_root(options.root)
    give_proc(root)
    give_devices(root)
    enter(root)
    give_up_powers()
    become(options.command)


program.put(new_namespaces, die_with_parent, inside)
predict(
    "rootless",
    "User 1000 starts a container without any right. Who is its PID 1, as `id -u` says inside?",
    ["0 (root)", "1000", "65534 (nobody)"],
)

# %%
bench.as_user("""
echo "outside: user $(id -u)"
python3 container.py --root "$ROOT" --hostname cabin sh -c 'echo "inside: user $(id -u) on $(hostname)"'
""")

# %%
compare("rootless", happened="0 (root)" if "inside: user 0" in bench.said else bench.said)

# %% [markdown]
# That answers the question from the beginning: the practice machine was made with the same key. And
# it is why containers without root are the safer ones: whoever breaks out of one is an ordinary user.
#
# ## The sequel, part 2: from an image
#
# **The last hole**: what is written to a root stays there, for whoever starts the next container
# from the same files.

# %%
bench.as_user("""
python3 container.py --root "$ROOT" sh -c 'echo "I was here" > /root/diary'
python3 container.py --root "$ROOT" cat /root/diary
""")

# %% [markdown]
# An [[image]] must not change, and many containers share its [[layers]]. **The fix** is an
# [[overlay]]: the image's layers below, a layer in memory on top, for this container alone. Now a
# real image from your store will do, with all its layers. (*Pulling* it there from a [[registry]] is
# topic 06; a pull ends with exactly these folders.)


# %%
def new_root(layers):
    """Mounts of its own, and in them the layers of an image under a writable one of memory."""
    call("unshare", CLONE_NEWNS)
    call("mount", None, "/", None, MS_REC | MS_PRIVATE, None)
    call("mount", "tmpfs", "/mnt", "tmpfs", 0, "mode=755")
    for name in ("upper", "work", "root"):
        os.mkdir(f"/mnt/{name}")
    folders = f"lowerdir={layers},upperdir=/mnt/upper,workdir=/mnt/work"
    call("mount", "overlay", "/mnt/root", "overlay", 0, f"{folders},userxattr")
    return "/mnt/root"


program.put(new_root)
image = ImageStore().build("cabin:1", files={"/etc/motd": "made of two layers\n"})
LAYERS = ":".join(str(layer) for layer in image.layers)
bench.as_user(
    """
python3 container.py --root "$LAYERS" sh -c 'cat /etc/motd; echo "I was here" > /root/diary; ls /root'
python3 container.py --root "$LAYERS" sh -c 'ls -A /root | grep diary || echo "no diary here"'
""",
    LAYERS=LAYERS,
)

# %% [markdown]
# **Closed.** That was the last one. Here is your program, whole. It is nobody's toy any more: leave
# the practice machine, and start it on *this* one.

# %%
print(program)
print(f"({len(program)} lines of code)")

# %%
from labkit.host import has

limits = ["--memory", 64 * 1024**2, "--pids", 20] if has("limits") else []
mine = bench.start("container.py", "cabin", "--root", LAYERS, *limits, "sleep", 600)
xray(mine)

# %% [markdown]
# ## The same judge for all
#
# Is it a container? There is no list of containers in the kernel to look it up in. One can only go
# round the walls. `walls` does so for **any** process, by what the kernel's files say of it. Here is
# yours beside one of labkit's, made by the same kernel and judged by the same function. (Where a
# machine gives you no cgroups of your own, the two limits stay open for both.)

# %%
from labkit.sandbox import walls
from labkit.views import walls_view

same = {"memory.max": "64M", "pids.max": 20} if limits else {}
box = Sandbox(hostname="box", limits=same).start(["sleep", "600"])
walls_view({"yours": walls(mine), "labkit's": walls(box.pid)})

# %%
box.stop()
os.kill(mine, signal.SIGKILL)

# %% [markdown]
# What does labkit do, then, in its few hundred lines more? It gives a **terminal**, **volumes** and a
# working localhost; it lets you step *into* a running container; it says which step failed, and why;
# it leaves nothing behind when it is killed, not even a group; and a start takes it three
# milliseconds, because no Python is started for it.
#
# ## Read the source
#
# You can read it now: `labkit/sandbox/helper/inside.py`, from top to bottom, is what you have written
# today. Open it and find:
#
# 1. the line that is your `MS_PRIVATE`. It says `MS_SLAVE`: what comes *in* from the machine that
#    `MS_PRIVATE` would keep out?
# 2. where `/proc` is mounted, in relation to `pivot_root`. The docstring of that function says why,
#    in the words of step 5;
# 3. `forbid further user namespaces`. Which of today's holes would open again without it, and for
#    whom? (Part 1 of the sequel is the clue.)
# 4. the order of `execute`: which two of its steps are the ones you know, and why does *die with the
#    helper* come after them?

# %%
import inspect

from labkit.sandbox.helper import inside as labkits_inside

source = inspect.getsource(labkits_inside._own_mounts)
for line in source.splitlines():
    if "do.step" in line:
        print(line.strip())

# %% [markdown]
# ## What you can say now
#
# - A container is a handful of [[system calls]]: `unshare`, `mount`, `pivot_root`, a few
#   writes to `/proc` and `/sys/fs/cgroup`, `prctl`, `execve`. In that order, mostly.
# - Each wall answers one way out. A container with one wall missing is not "a bit less safe": it is
#   open at that place.
# - `chroot` is no wall. A PID namespace without its own `/proc` hides nothing. Root that keeps its
#   capabilities takes the walls down again.
# - A user namespace is the key to all of it, for anyone, without root.
