# Topic 00, the exercise: the first hour, alone. hello:1 is built in the first cell, so that
# nothing of the lab has to be there.

# %% [markdown]
# The way that the lab went with you, now alone: run, look inside, end, build, update. The cells
# without a *Your turn* make what the tasks need: run them, and go on.
#
# How you do a task is up to you: with Python in the cell, with a `!command`, or in a terminal
# (*File*, *New*, *Terminal*). A `!command` is waited for: what is to go on running, start in one of
# the other ways. Checks look at the machine. To see them tick themselves off while you work, run
# `watch("serve", "look-inside")` and so on in a cell of your own.

# %% setup=true
import os
import random
import secrets
import signal

from labkit import ImageStore, Sandbox, begin, check, hint, reveal, task, watch, xray
from labkit.sandbox import running

lab = begin("start-here")
for name, value in lab.values.items():
    print(f"{name:8} {value}")

# %% [markdown]
# Those are your values. Two more cells, and everything is ready: a helper, and the image that the
# tasks begin with.


# %% setup=true
def clear_away(*hostnames):
    """Ends the containers of these hostnames, so that a cell can be run once more."""
    for container in running():
        if container.hostname in hostnames:
            os.kill(container.pid, signal.SIGKILL)


# %% setup=true
images = ImageStore()
hello = images.build(
    "hello:1",
    files={"/home/index.html": "Hello from version 1\n"},
    command=["httpd", "-f", "-h", "/home"],
)

# %% [markdown]
# ## Task 1 · Run it, and leave it running
#
# The image `hello:1` has a web server and a page in it. Start a container from it, with the
# **hostname** `lab["ship"]`, and leave it running, so that the page can be fetched.

# %% task="serve"
### BEGIN SOLUTION
ship = Sandbox("hello:1", hostname=lab["ship"]).start()
### END SOLUTION

# %% check="serve"

# %% [markdown]
# ## Task 2 · Look inside, and bring something out
#
# The next cell starts a container `hold`, with five crates: five files in its folder `/hold`. Each
# says what cargo it is and carries a seal. Which crate holds what is drawn by lot.
#
# Find the crate that holds your `lab["cargo"]`, and bring **a copy of that file** out of the
# container: as `found.txt` in your folder, `lab.folder`.

# %% setup=true
clear_away("hold")
(lab.folder / "found.txt").unlink(missing_ok=True)
hold = Sandbox(hostname="hold").start(["sleep", "3600"])
cargoes = ["amber", "cinnamon", "copper", "indigo", "saffron"]
random.shuffle(cargoes)
for number, cargo in enumerate(cargoes, 1):
    crate = f"cargo: {cargo}\nseal: {secrets.token_hex(4)}\n"
    hold.exec(["sh", "-c", f"mkdir -p /hold; cat > /hold/crate-{number}"], input=crate)

# %% task="look-inside"
### BEGIN SOLUTION
found = hold.exec(["sh", "-c", f"cat $(grep -l {lab['cargo']} /hold/*)"])
(lab.folder / "found.txt").write_text(found.stdout)
### END SOLUTION

# %% check="look-inside"

# %% [markdown]
# ## Task 3 · End the right one
#
# The next cell starts two containers. They run the same command; from out here, they look alike.
# Only their hostnames differ: one is called `port`, the other `starboard`.
#
# The one whose hostname is `lab["leaking"]` has to go. End it **from outside**, and let the other
# one go on as if nothing had happened. (`running()` lists the containers that labkit started for
# you, each with its `.pid` and its `.hostname`. In a terminal, `lsns -t uts` is a beginning.)

# %% setup=true
clear_away("port", "starboard")
for hostname in random.sample(["port", "starboard"], 2):
    Sandbox(hostname=hostname).start(["sleep", "4242"])

# %% task="end-one"
### BEGIN SOLUTION
for container in running():
    if container.hostname == lab["leaking"]:
        os.kill(container.pid, signal.SIGKILL)
### END SOLUTION

# %% check="end-one"

# %% [markdown]
# ## Task 4 · Build the change into an image
#
# Version 2 is due. Build an image `hello:2`: what `hello:1` is, but its page is the text
# `lab["page"]`, and nothing else. Whoever has `hello:1` shall notice nothing.

# %% setup=true
if "hello:2" in images.references():  # from an earlier time
    images.remove("hello:2")

# %% task="build-image"
### BEGIN SOLUTION
images.build("hello:2", base="hello:1", files={"/home/index.html": f"{lab['page']}\n"})
### END SOLUTION

# %% check="build-image"

# %% [markdown]
# ## Task 5 · Update what runs
#
# The next cell starts two containers from `hello:1`, with the hostnames `web-1` and `web-2`.
# People look at their page all day.
#
# Bring both to version 2: at the end, `web-1` and `web-2` run from `hello:2` and show your page,
# and nobody shows the old page under these hostnames any more. Can you do it so that at every
# moment one of them answers? (The check does not ask for that. The people would.)

# %% setup=true
clear_away("web-1", "web-2")
webs = {name: Sandbox("hello:1", hostname=name).start() for name in ("web-1", "web-2")}

# %% task="update"
### BEGIN SOLUTION
for name, old in webs.items():
    old.stop()
    webs[name] = Sandbox("hello:2", hostname=name).start()
### END SOLUTION

# %% check="update"

# %% [markdown]
# You did by hand what a cluster does all day: it compares what runs with what shall run, ends the
# old, starts the new, one after the other, and looks whether it answers. In topic 12 you will tell
# a cluster what shall run, and watch it do the rest.
