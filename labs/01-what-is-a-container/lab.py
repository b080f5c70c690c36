# %% [markdown]
# ## One word, three meanings
#
# Ask three people what a [[container]] is and you may hear three answers, all of them right:
#
# 1. *"It is a **sandbox**: a process in a box of its own."* What runs.
# 2. *"It is an **image**: a program packed with everything it needs."* What is stored and shipped.
# 3. *"It is an **ecosystem**: hosts, engines, registries, definition files."* What carries it all.
#
# This lab takes them one after the other, and takes each of them apart.

# %% setup=true
from labkit import ImageStore, Sandbox, anatomy, begin, compare, family_tree, live, predict, xray

lab = begin("what-is-a-container")

# %% [markdown]
# ## Meaning 1: a sandbox around a process
#
# Start a process in a sandbox. It does nothing but sleep, so that we can look at it in peace.

# %%
box = Sandbox(name="first", hostname="apartment").start(["sleep", "600"], replace=True)
box

# %% [markdown]
# Every process has a number, its PID. Processes that run on this machine have numbers like 4711
# or 31337. Before you go on: which number will our process see **for itself**, from inside?

# %%
predict(
    "pid-inside",
    "Which PID does the sleeping process have, seen from inside?",
    ["1", "the same as outside", "none: it is hidden"],
)

# %%
print(box.exec(["ps", "-o", "pid,comm"]).stdout)

# %%
compare("pid-inside", happened=box.exec(["pidof", "sleep"]).stdout.strip())

# %% [markdown]
# The process believes that it is the first process there is. In its whole world there are only
# itself and the `ps` that we just ran beside it.
#
# Now from the outside: an ordinary process, with an ordinary number. No magic, no daemon.

# %%
print(f"PID {box.pid}")

# %% [markdown]
# One process, two numbers. Here are both sides at once: on the left what this machine sees, on the
# right what the process sees, and between them the [[namespace]]s that make the difference.

# %%
xray(box)

# %% [markdown]
# That is the first secret of this course: **the kernel knows no containers.** It knows processes,
# and for each process which *namespaces* it is in (what it can see) and which [[cgroup]] it is in
# (what it can use). "Container" is the word for a process that got new ones.
#
# Whose child is it, then?

# %%
family_tree(box)

# %% [markdown]
# It is a child of a small helper of this notebook, just as a container of Docker's is a child of a
# small helper of Docker's (`containerd-shim`).
#
# Press the buttons below: they act on the real thing. Start a second process and see both sides
# count it; freeze PID 1, look at its state, let it go on.

# %%
import signal

live(
    xray,
    box,
    actions={
        "Start a second process inside": lambda: box.terminal(["sleep", "300"]),
        "Freeze PID 1": lambda: box.signal(signal.SIGSTOP),
        "Let it go on": lambda: box.signal(signal.SIGCONT),
    },
)

# %% [markdown]
# ### "One process per container"?
#
# You will hear that a container holds one process. That is good advice (one *task* per container is
# easy to restart, to scale and to watch), and no rule of the kernel's. Let us start two more.

# %%
box.exec(["sh", "-c", "sleep 100 & sleep 200 & sleep 0.5"])  # 0.5 s, until both are there
print(box.exec(["ps", "-o", "pid,ppid,args"]).stdout)

# %% [markdown]
# The shell that started the two has ended, so they got a new parent: PID 1. (As on any Linux
# machine: orphans go to PID 1, or to an ancestor that has asked the kernel for them.) That already
# hints that the processes of a PID namespace are not equal.

# %%
predict(
    "pid-one-ends",
    "PID 1 is killed. What becomes of the other processes in the box?",
    ["they go on", "they end with it", "one of them becomes PID 1"],
)

# %%
import os

from labkit.sandbox import processes

home = os.stat(f"/proc/{box.pid}/ns/pid").st_ino  # the number of its PID namespace
before = [process.comm for process in processes() if process.namespaces.get("pid") == home]
box.kill()
after = [process.comm for process in processes() if process.namespaces.get("pid") == home]
print("before:", sorted(before), "after:", after)

# %%
compare("pid-one-ends", happened="they go on" if after else "they end with it")

# %% [markdown]
# When PID 1 of a namespace ends, the kernel kills everything else in it
# ([pid_namespaces(7)](https://man7.org/linux/man-pages/man7/pid_namespaces.7.html)). This is why
# stopping a container never leaves a process behind, and why a container "is down" the moment its
# main process is.
#
# ## Meaning 2: an image
#
# The sandbox had files: `ps`, `sh`, `sleep`. They are not this machine's. They come from an
# [[image]]: a stack of read-only [[layer]]s and a little configuration, stored under the
# [[digest]] of their content.

# %%
images = ImageStore()
base = images.get("base")
files = [path for path in base.layers[0].rglob("*") if path.is_file()]
print(
    f"{base.reference}: {len(base.layers)} layer with {len(files)} files, started in {base.working_dir}"
)

# %% [markdown]
# ### Why pack everything? The same library, twice
#
# Two programs use one library, `greet`. The old program calls it the old way, the new program the
# new way. (They are shell scripts, so that you can read them; the trouble is the same with
# OpenSSL.)

# %%
library_1 = 'greet() { echo "hello, $1"; }\n'
library_2 = """\
greet() {
    [ "$1" = --name ] || { echo "greet: say --name" >&2; return 2; }
    echo "good day, $2"
}
"""
old_app = "#!/bin/sh\n. /usr/lib/greet.sh\ngreet Ada\n"
new_app = "#!/bin/sh\n. /usr/lib/greet.sh\ngreet --name Ada\n"

# %% [markdown]
# On one machine there is one `/usr/lib/greet.sh`. Somebody upgrades it to version 2, because the
# new program needs that.

# %%
predict(
    "shared-library",
    "One machine, library upgraded to version 2. Which programs work?",
    ["both", "only the old one", "only the new one"],
)

# %%
one_machine = images.build(
    "one-machine:1",
    files={"/usr/lib/greet.sh": library_2, "/bin/old-app": old_app, "/bin/new-app": new_app},
)
results = {name: Sandbox(one_machine).run([name]) for name in ("old-app", "new-app")}
for name, result in results.items():
    print(f"{name}: {result}")

# %%
works = [name for name, result in results.items() if result.exit_code == 0]
compare("shared-library", happened="only the new one" if works == ["new-app"] else str(works))

# %% [markdown]
# This is what images were loved for: **each program is packed with its own dependencies**,
# everything above the kernel. Two images, two versions, one host, no quarrel:

# %%
old = images.build(
    "old:1", files={"/usr/lib/greet.sh": library_1, "/bin/app": old_app}, command=["/bin/app"]
)
new = images.build(
    "new:1", files={"/usr/lib/greet.sh": library_2, "/bin/app": new_app}, command=["/bin/app"]
)
for image in (old, new):
    print(f"{image.reference}: {Sandbox(image).run(image.command).stdout.strip()}")

# %% [markdown]
# Both images stand on the same base, and store it once: a layer is kept under its digest, and the
# two share it.

# %%
print(old.layers[-1] == new.layers[-1] == base.layers[-1])

# %% [markdown]
# ### Ephemeral: what is written is gone
#
# People say "nothing is installed in a container". You *can* install something there: the box has
# a writable layer. The question is how long it lasts.

# %%
box = Sandbox(name="visitor").start(replace=True)
box.exec(["sh", "-c", "echo 'I was here' > /root/diary; rm /etc/os-release"])
print(box.exec(["cat", "/root/diary"]).stdout)

# %% [markdown]
# Below is what this sandbox is made of. Look at its files: the image's layer lies below,
# read-only, and what was written and deleted is in the layer on top, which is its own.

# %%
anatomy(box)

# %%
predict(
    "diary",
    "The box is stopped; a new one is started from the same image. Is the diary there?",
    ["yes", "no"],
)

# %%
box.stop()
again = Sandbox(name="visitor").start(replace=True)
answer = again.exec(["ls", "/root/diary", "/etc/os-release"])
print(answer.stdout + answer.stderr)

# %%
compare("diary", happened="yes" if "/root/diary" in answer.stdout else "no")

# %% [markdown]
# Gone, and the deleted file is back. The writable layer ended with the sandbox; the image never
# changed. A container is **ephemeral**: you may throw it away at any time, and start another that
# is exactly like the first.
#
# (With Docker the layer lives a little longer: `docker stop` keeps it, `docker rm` removes it. The
# lesson is the same: keep nothing there that you want to see again.)
#
# ### Keeping state, first way: a volume
#
# Lend the sandbox a folder of the host. What is written there is written to the host, and outlives
# every container.

# %%
import shutil

again.stop()
diaries = lab.folder / "diaries"
shutil.rmtree(diaries, ignore_errors=True)
diaries.mkdir()
for day in ("Monday", "Tuesday"):
    with Sandbox(volumes={diaries: "/diary"}) as visitor:
        visitor.exec(["sh", "-c", f"echo 'I was here on {day}' >> /diary/pages"])
print((diaries / "pages").read_text())

# %% [markdown]
# ### Keeping state, second way: a service
#
# Or the container keeps nothing at all, and gives its state to a service, mostly a database. Here
# is one: SQLite, behind a door that speaks HTTP. It runs on the host; the containers share the
# host's network for this experiment (they get every namespace but `net`), so that they reach it.

# %%
import sys


def open_shop():
    """Starts the service beside us (a sandbox without any walls) and returns its address."""
    service = [sys.executable, os.path.abspath("counter.py"), str(diaries / "visits.db")]
    shop = Sandbox(namespaces=()).start(service)
    return shop, shop.wait_for_log("http")


def visit(guest):
    """One guest's container: it asks the service and ends."""
    visitor = Sandbox(namespaces=("user", "pid", "mnt", "uts", "ipc", "cgroup"))
    return visitor.run(["wget", "-qO-", f"{address}/visit/{guest}"]).stdout.strip()


shop, address = open_shop()
for guest in ("Ada", "Grace", "Linus"):
    print(guest, "is visitor number", visit(guest))

# %% [markdown]
# Three containers came and went, none kept anything, and the count went on. Because it is a real
# database, the count outlives its own server, too:

# %%
shop.stop()
shop, address = open_shop()
print("Edsger is visitor number", visit("Edsger"))
shop.stop()

# %% [markdown]
# ## Meaning 3: an ecosystem
#
# Nobody calls the kernel by hand for each container (you will, in topic 04). Between you and the
# kernel stand some layers of software, each with a job of its own:
#
# | level | its job | members |
# |---|---|---|
# | **engine** | what a person talks to: build, pull, push, run, logs. A *client* asks, a *daemon* does (Podman does without the daemon) | Docker, Podman |
# | **CRI runtime** | what Kubernetes talks to, by the Container Runtime Interface | containerd, CRI-O |
# | **OCI runtime** | takes a *bundle* (a folder with files and a `config.json`), makes the namespaces, starts the process, and leaves | runc, crun; gVisor and Kata put a second wall around it |
# | **system container** | a whole system with its own init in a box, not one program | LXC, systemd-nspawn |
#
# Around them: the [[registry]], where images are pushed to and pulled from ("works like git, for
# images", topic 06), the *definition file* that says how an image is built (topic 05), and the
# *host*, whose kernel all its containers share.
#
# Two names that you will meet in older texts are history now, and part of the family nonetheless:
# **rkt** ("rocket", CoreOS, archived in 2020) was an engine without a daemon, as Podman is today;
# **RailCar** (Oracle, archived) was an OCI runtime in Rust, as [youki](https://github.com/youki-dev/youki)
# is today.
#
# Which of them does *this* machine have?

# %% tags=["nbval-ignore-output"]
from labkit.host import capability

for name in ("docker", "podman", "containerd", "runc", "crun", "lxc", "systemd-nspawn"):
    found = capability(name)
    print(f"{name:15} {found.found if found.is_ok else 'not here'}")

# %% [markdown]
# ### What they agree on: the bundle
#
# An OCI runtime asks for a folder with two things in it: the files (`rootfs/`), and a
# `config.json` that says what to start and which namespaces to make. Here is a whole one. You have
# met nearly every line of it today:

# %%
import json

bundle = lab.folder / "first-bundle"
shutil.rmtree(bundle, ignore_errors=True)
shutil.copytree(base.layers[-1], bundle / "rootfs", symlinks=True)
kinds = ("user", "pid", "mount", "uts", "ipc", "network")
config = {
    "ociVersion": "1.0.2",
    "process": {
        "args": ["sh", "-c", "echo I am PID $$ in $(hostname)"],
        "env": ["PATH=/bin"],
        "cwd": "/",
        "user": {"uid": 0, "gid": 0},
    },
    "root": {"path": "rootfs"},
    "hostname": "apartment",
    "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
    "linux": {
        "namespaces": [{"type": kind} for kind in kinds],
        "uidMappings": [{"containerID": 0, "hostID": os.getuid(), "size": 1}],
        "gidMappings": [{"containerID": 0, "hostID": os.getgid(), "size": 1}],
    },
}
written = (bundle / "config.json").write_text(json.dumps(config, indent=2))

# %% [markdown]
# No labkit from here on: the folder goes to the OCI runtimes that this machine has. (One that does
# not run here says why: crun, for one, refuses a machine that mixes cgroup v1 with v2.)

# %% tags=["nbval-ignore-output"]
import subprocess

for runtime in ("runc", "crun"):
    if capability(runtime).is_ok:
        state = lab.folder / f"{runtime}-state"
        shutil.rmtree(state, ignore_errors=True)
        command = [runtime, "--root", state, "run", "--bundle", bundle, "first-bundle"]
        done = subprocess.run(command, capture_output=True, text=True)
        print(f"{runtime}: {(done.stdout or done.stderr).strip()}")
    else:
        print(f"{runtime}: not here")

# %% [markdown]
# The same folder, the same words, whoever reads it: so do the runtimes inside Docker, Podman and
# Kubernetes, and so did RailCar. In the exercise you translate a manifest of rkt's into such a
# bundle, and the check runs it.
#
# ## What you can say now
#
# - A container is an ordinary process that got **namespaces**, a **cgroup** and a **root** of its
#   own. Inside it is PID 1; outside it has a number like any other.
# - An image is everything above the kernel, in layers that are never changed and often shared.
# - What a container writes ends with it. State goes into a **volume** or to a **service**.
# - Engines, CRI runtimes and OCI runtimes are the layers between you and the kernel, and agree on
#   two formats: the image and the bundle.
