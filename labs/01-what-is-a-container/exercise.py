# %% setup=true
import json
import os
import shutil
import signal

from labkit import ImageStore, Sandbox, begin, check, hint, reveal, task, xray

lab = begin("what-is-a-container")
lab

# %% [markdown]
# These values are yours; somebody else gets others. Write your code into the cells that say
# *Your turn*: in Python or with `!commands` (what is to go on running cannot begin with a `!`), or
# work in a terminal (*File*, *New*, *Terminal*). A check looks at what is there, not at how it came
# about.

# %% [markdown]
# ## Task 1 · A process that thinks it is alone
#
# Start a container whose hostname is `lab["hostname"]` and in which the command
# `sleep` with `lab["seconds"]` seconds is **PID 1**. Leave it running.

# %% task="pid-one"
### BEGIN SOLUTION: start the container
box = Sandbox(name="alone", hostname=lab["hostname"])
box.start(["sleep", str(lab["seconds"])], replace=True)
### END SOLUTION

# %% check="pid-one"
check("pid-one")

# %% [markdown]
# ## Task 2 · Freeze it from outside
#
# The next cell starts a container named `pair`, with two workers in it. One process, two numbers:
# inside, they call themselves by small numbers; this machine has other numbers for them.
#
# **From the outside**, freeze the worker that inside is PID `lab["worker"]`: send it the signal
# `SIGSTOP`. Everything else in the container goes on.

# %% setup=true
workers = "sleep 7001 & sleep 7002 & echo both started; wait"
pair = Sandbox(name="pair").start(["sh", "-c", workers], replace=True)
pair.wait_for_log("both started")
until_there = "until [ $(pidof sleep | wc -w) = 2 ]; do true; done"
print(pair.exec(["sh", "-c", f"{until_there}; ps -o pid,args | grep ' sleep 700[12]$'"]).stdout)

# %% task="freeze"
### BEGIN SOLUTION: freeze that one worker
from labkit.sandbox import processes

home = os.readlink(f"/proc/{pair.pid}/ns/pid")
for process in processes():
    if f"pid:[{process.namespaces.get('pid')}]" == home and process.nspid[-1] == lab["worker"]:
        os.kill(process.pid, signal.SIGSTOP)
### END SOLUTION

# %% check="freeze"
check("freeze")

# %% [markdown]
# ## Task 3 · Two versions of one library
#
# In the folder below lie two programs and two versions of the library that both want to find at
# `/usr/lib/greet.sh`. `old-app` works with version 1 only, `new-app` with version 2 only.
#
# Build two images, `old-app:1` and `new-app:1`, such that in each of them **`/bin/app` is that
# program and works**.

# %% setup=true
parts = lab.folder / "parts"
parts.mkdir(exist_ok=True)
guest = lab["guest"]
(parts / "greet-1.sh").write_text('greet() { echo "hello, $1"; }\n')
(parts / "greet-2.sh").write_text("""\
greet() {
    [ "$1" = --name ] || { echo "greet: say --name" >&2; return 2; }
    echo "good day, $2"
}
""")
(parts / "old-app").write_text(f"#!/bin/sh\n. /usr/lib/greet.sh\ngreet {guest}\n")
(parts / "new-app").write_text(f"#!/bin/sh\n. /usr/lib/greet.sh\ngreet --name {guest}\n")
for name in ("old-app", "new-app"):
    (parts / name).chmod(0o755)
sorted(path.name for path in parts.iterdir())

# %% task="two-versions"
### BEGIN SOLUTION: build the two images
images = ImageStore()
for app, version in (("old-app", 1), ("new-app", 2)):
    files = {"/usr/lib/greet.sh": parts / f"greet-{version}.sh", "/bin/app": parts / app}
    images.build(f"{app}:1", files=files, command=["/bin/app"])
### END SOLUTION

# %% check="two-versions"
check("two-versions")

# %% [markdown]
# ## Task 4 · What stays when the container goes
#
# A container with the hostname `lab["keeper"]` shall run and keep its notes where they outlive it:
# the file `/data/note.txt` inside holds the word `lab["word"]`, and it is the **same file** as
# `note.txt` in the folder `notes` below, on this machine. Leave the container running.

# %% setup=true
notes = lab.folder / "notes"
notes.mkdir(exist_ok=True)

# %% task="keep"
### BEGIN SOLUTION: start the keeper, and write its note
keeper = Sandbox(name="keeper", hostname=lab["keeper"], volumes={notes: "/data"})
keeper.start(replace=True)
keeper.exec(["sh", "-c", f"echo {lab['word']} > /data/note.txt"])
### END SOLUTION

# %% check="keep"
check("keep")

# %% [markdown]
# ## Task 5 · From rkt to a bundle
#
# rkt is history, but what its manifests said is still said today, only in other words. Here is one:

# %% setup=true
manifest = {
    "acKind": "ImageManifest",
    "acVersion": "0.8.11",
    "name": "example.com/greeter",
    "app": {
        "exec": ["/bin/sh", "-c", "echo $GREETING from $(hostname) in $(pwd)"],
        "user": "0",
        "group": "0",
        "environment": [{"name": "GREETING", "value": lab["greeting"]}],
        "workingDirectory": "/tmp",
    },
}
bundle = lab.folder / "bundle"
if not bundle.exists():
    bundle.mkdir()
    shutil.copytree(ImageStore().get("base").layers[-1], bundle / "rootfs", symlinks=True)
print(json.dumps(manifest["app"], indent=2))

# %% [markdown]
# The folder `bundle` holds the files already (`rootfs`). Write its `config.json`, by the OCI Runtime
# Specification, such that an OCI runtime starts the **same command, with the same environment, in
# the same folder**, on the hostname `lab["hostname"]`, with PID, mount and whatever further
# namespaces that takes. Some of it is given; complete the rest and write the file.

# %% task="from-rkt"
config = {
    "ociVersion": "1.0.2",
    "process": {"terminal": False, "user": {"uid": 0, "gid": 0}},
    "root": {"path": "rootfs"},
    "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
    "linux": {"namespaces": [{"type": "pid"}, {"type": "mount"}]},
}
### BEGIN SOLUTION: complete the config, and write the file
app = manifest["app"]
environment = [f"{entry['name']}={entry['value']}" for entry in app["environment"]]
config["process"]["args"] = app["exec"]
config["process"]["env"] = ["PATH=/bin", *environment]
config["process"]["cwd"] = app["workingDirectory"]
config["hostname"] = lab["hostname"]
config["linux"]["namespaces"].append({"type": "uts"})
with open(bundle / "config.json", "w") as file:
    json.dump(config, file, indent=2)
### END SOLUTION

# %% check="from-rkt"
check("from-rkt")
