# %% setup=true
import sys

from labkit import begin, check, hint, reveal, task, xray
from labkit.course import find_course

sys.path.insert(0, str(find_course().topic("container-from-scratch").folder))
from workbench import Bench, lay_out_exercise

lab = begin("container-from-scratch")
bench = Bench(lab.folder)
lay_out_exercise(lab)
lab

# %% [markdown]
# Somebody has written a container in a hurry. It is in your folder: **`mine.py`**. It starts, it has a
# hostname of its own, everybody was content. It has holes on every side.
#
# It is yours now. Each task closes one hole, and leaves a container running that proves it: **the
# command is `sleep` with `lab["seconds"]` seconds, the root has the files of the folder `rootfs`** (but
# for task 5), **and the hostname is the one that the task names.**
#
# Edit `mine.py` in JupyterLab's editor, or piece by piece with `bench.mend(file, old, new)`. Start it
# with `bench.start(program, hostname, *words)`, which gives it a `--hostname` and a `--group` and
# leaves it running, or from a terminal as you like. A check looks at the container alone: what you
# build in a shell, without any Python, is as good.
#
# Nothing in here can hurt your machine: `mine.py` gives up its rights before it does anything else.
# You will need the lab beside you; start with a look at what you have got:

# %%
bench.start("mine.py", "leaky", "--root", bench.rootfs, "sleep", 600)
print((lab.folder / "mine.py").read_text())

# %% [markdown]
# ## Task 1 · Number one
#
# In the container `lab["first"]`, the `sleep` is **PID 1** of a PID namespace of its own.

# %% task="number-one"
### BEGIN SOLUTION: a PID namespace as well
old = "CLONE_NEWUSER | CLONE_NEWUTS"
bench.mend("mine.py", old, f"{old} | CLONE_NEWPID")
first = bench.start("mine.py", lab["first"], "--root", bench.rootfs, "sleep", lab["seconds"])
### END SOLUTION

# %% check="number-one"
check("number-one")

# %% [markdown]
# ## Task 2 · No way up
#
# The container `lab["second"]` has a root that is the **top of its mounts**, and nothing of this
# machine's root is mounted in it any more. (And what task 1 asked for holds: so it goes on to the
# end.)

# %% task="no-way-up"
### BEGIN SOLUTION: pivot_root, and the old root away
bench.mend(
    "mine.py",
    """\
    os.chroot(root)
    os.chdir("/")
""",
    """\
    os.chdir(root)
    call("pivot_root", ".", ".")
    call("umount2", ".", MNT_DETACH)
    os.chdir("/")
""",
)
second = bench.start("mine.py", lab["second"], "--root", bench.rootfs, "sleep", lab["seconds"])
### END SOLUTION

# %% check="no-way-up"
check("no-way-up")

# %% [markdown]
# ## Task 3 · Its own /proc
#
# The container `lab["third"]` has a `/proc` that shows **its own processes**, and whose switches
# **nobody can turn**.

# %% task="own-proc"
### BEGIN SOLUTION: a new proc, read-only
bench.mend(
    "mine.py",
    'call("mount", "/proc", f"{root}/proc", None, MS_BIND | MS_REC, None)',
    'call("mount", "proc", f"{root}/proc", "proc", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, None)',
)
third = bench.start("mine.py", lab["third"], "--root", bench.rootfs, "sleep", lab["seconds"])
### END SOLUTION

# %% check="own-proc"
check("own-proc")

# %% [markdown]
# ## Task 4 · Not more than this
#
# The container `lab["fourth"]` may have `lab["mebibytes"]` **MiB of memory** and `lab["processes"]`
# **processes**. (`mine.py` has options for both. Does that help?)

# %% task="not-more"
### BEGIN SOLUTION: let the child join its groups
bench.mend(
    "mine.py",
    """\
    die_with_parent()
    call("sethostname",""",
    """\
    die_with_parent()
    for folder in groups:
        write(f"{folder}/cgroup.procs", 0)
    call("unshare", CLONE_NEWCGROUP)
    call("sethostname",""",
)
limits = ["--memory", lab["mebibytes"] * 1024**2, "--pids", lab["processes"]]
fourth = bench.start(
    "mine.py", lab["fourth"], "--root", bench.rootfs, *limits, "sleep", lab["seconds"]
)
### END SOLUTION

# %% check="not-more"
check("not-more")

# %% [markdown]
# ## Task 5 · The image stays as it is
#
# In the folder `layers` lie two layers as an image has them: `base`, and above it `hut`, which adds one
# file. (They are copies: what you break here is not your image store.)
#
# The root of the container `lab["fifth"]` is made of **both layers**. In it, the file **`/root/diary`**
# holds the word `lab["word"]`, and **neither layer has changed**.

# %% task="image-stays"
### BEGIN SOLUTION: an overlay, with a writable layer in memory
bench.mend(
    "mine.py",
    """\
    call("mount", folder, folder, None, MS_BIND, None)
    return folder
""",
    """\
    call("mount", "tmpfs", "/mnt", "tmpfs", 0, "mode=755")
    for name in ("upper", "work", "root"):
        os.mkdir(f"/mnt/{name}")
    options = f"lowerdir={folder},upperdir=/mnt/upper,workdir=/mnt/work,userxattr"
    call("mount", "overlay", "/mnt/root", "overlay", 0, options)
    return "/mnt/root"
""",
)
layers = f"{lab.folder}/layers/hut:{lab.folder}/layers/base"
write = f"echo {lab['word']} > /root/diary; exec sleep {lab['seconds']}"
fifth = bench.start("mine.py", lab["fifth"], "--root", layers, "sh", "-c", write)
### END SOLUTION

# %% check="image-stays"
check("image-stays")

# %% [markdown]
# ## Task 6 · Every wall
#
# `walls` judges your container as it judges any other. Two or three are still open: close them. In
# the container `lab["last"]`, **every wall stands**. (Any limits will do, and either root.)

# %% setup=true
from labkit.sandbox import walls
from labkit.views import walls_view

# walls_view({"mine": walls(PID)}) shows them, of any PID that you may look at

# %% task="every-wall"
### BEGIN SOLUTION: network and messages, and no power left
old = "CLONE_NEWUTS | CLONE_NEWPID"
bench.mend("mine.py", old, f"{old} | CLONE_NEWNET | CLONE_NEWIPC")
bench.mend(
    "mine.py",
    """\
    enter(root)
    os.execvpe(""",
    """\
    enter(root)
    with open("/proc/sys/kernel/cap_last_cap") as file:
        last_capability = int(file.read())
    for number in range(last_capability + 1):
        call("prctl", PR_CAPBSET_DROP, number, 0, 0, 0)
    call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    os.execvpe(""",
)
last = bench.start("mine.py", lab["last"], "--root", layers, *limits, "sleep", lab["seconds"])
walls_view({"mine": walls(last)})
### END SOLUTION

# %% check="every-wall"
check("every-wall")
