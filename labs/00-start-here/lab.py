# The first check comes after two cells; one more above it would slow down every newcomer.

# %% [markdown]
# ## Your first container, in two minutes
#
# Click into the grey cell below, then press **Shift** and **Enter** together. That runs the cell
# and brings you to the next one. Do it three times.

# %% setup=true
from labkit import ImageStore, Sandbox, begin, check, compare, course_map, doctor, hint, predict
from labkit import reveal, task, xray

lab = begin("start-here")

# %% task="first-container"
box = Sandbox(hostname="first").start(["sleep", "3600"])
print("It runs." if box.is_running else "It has ended.")

# %% check="first-container"

# %% [markdown]
# Your first [[container]] runs, and your first check is passed.
#
# Nothing here is a simulation. The Linux on this machine runs a program, `sleep`, in a box with
# walls around it. Docker would ask the same Linux for the same walls; here labkit asks, so that
# you need nothing installed. (Point at a word that is a link, and it says what it means.)
#
# What do the walls hide? Make a guess first. You will be asked for one before each surprise in
# this course: choose, press the button, and go on. A wrong guess costs nothing and teaches more.

# %%
predict(
    "seen-from-outside",
    "`sleep` runs inside the box. If you list the processes of this machine, is it among them?",
    ["no: it is inside the box", "yes: like any other process"],
)

# %%
from labkit.sandbox import processes

outside = [process for process in processes() if process.pid == box.pid]
print(*(" ".join(process.argv) for process in outside))

# %%
seen = "yes: like any other process" if outside else "no: it is inside the box"
compare("seen-from-outside", happened=seen)

# %% [markdown]
# It is an ordinary process of this machine, with an ordinary number. The walls hide *us* from
# *it*, and not the other way round. This picture shows the one process from both sides.

# %%
xray(box)

# %% [markdown]
# Look at the process number, the [[PID]], on each side, and at how many processes each side sees.
# Which walls these are, and how the kernel makes them, is topics 01 to 04.

# %% [markdown]
# ## How a lab works
#
# You have met a check and a prediction. Five more minutes, and you know everything that this
# course can do for you.
#
# **Your values.** Some words and numbers are yours; whoever sits beside you has others. The first
# cell above, `begin("start-here")`, looked them up. You have a folder of your own for each topic,
# too: `lab.folder`. Here is one of your words:

# %%
print(lab["word"])

# %% [markdown]
# **A check that is not passed.** Let us get something wrong on purpose. The task: *in the
# container* there shall be a file `/note.txt` that holds your word. Somebody new to containers
# writes

# %%
note = lab.folder / "note.txt"
note.write_text(lab["word"])
print(note.name, "says", note.read_text())

# %% [markdown]
# and asks the check.

# %%
check("leave-a-note")

# %% [markdown]
# A card like this is there to be read. The sentence says *what is the case*, the rows put
# *expected* beside *observed*; neither says what to do. A check looks at the machine, never at
# your code: you may solve a task with Python, with a command or in a terminal, and may run the
# check as often as you like.
#
# **A hint.** If the card is not enough, ask for a hint. It is chosen by what the check just saw.
# It costs a tenth of the task's points, and says what the next one would cost.

# %%
hint("leave-a-note")

# %% [markdown]
# The note has to be written by a command that runs *inside*. `exec` does that: it runs a further
# command in a container that runs already. (The `>` is something that only a shell understands, so
# the command is a shell.) And the stray note goes away.

# %% task="leave-a-note"
box.exec(["sh", "-c", f"echo {lab['word']} > /note.txt"])

# %%
note.unlink(missing_ok=True)

# %% check="leave-a-note"

# %% [markdown]
# **The solution.** `reveal` shows how *we* solved a task. While a task is open, that costs the
# points it can still earn, and it asks first. Now that you have passed, it is free.

# %%
reveal("leave-a-note")

# %% [markdown]
# **The way back.** Nobody gets stuck here, and nobody starts over. `task` brings you to the
# beginning of any task, whatever you did or did not do before: it clears away what runs, and
# builds the rest from the tested solutions. It is free, too. After a restart, after a break of a
# week, or when something is in a tangle, this is all you need.

# %%
task("leave-a-note")

# %% [markdown]
# We are at the *beginning* of that task again: the container `first` is a new one. So there is no
# note in it yet.

# %%
box.exec(["cat", "/note.txt"])

# %% [markdown]
# **Where you stand.** Your points are kept on this machine; a restart loses none. The map shows
# what is done and what you can go on with. (The [home page](../home.ipynb) has it, too.)

# %% tags=["nbval-ignore-output"]
course_map()

# %% [markdown]
# Each of these has a short form for those who prefer it: `%check leave-a-note`, `%hint`,
# `%reveal`, `%task`, after a `%load_ext labkit`. And in a terminal: `labkit check leave-a-note`.

# %% [markdown]
# ## What this machine can do
#
# Some labs need more than others: Docker, a virtual machine, a cluster. The doctor finds out what
# is there, and it does not guess: it starts a container, sets a limit, asks the daemon. For what
# is missing it names the command that brings it. **To go on now you need nothing more than you
# have.**

# %% tags=["nbval-ignore-output"]
doctor()

# %% [markdown]
# ## The first hour
#
# Now the whole way once, quickly, from a container that you start by hand to an image that others
# could start. In the exercise you walk it alone.

# %% [markdown]
# ### Run it
#
# `sleep` is a dull guest. Here is a web server: `httpd`, told to stay in the foreground (`-f`) and
# to serve the files of the folder `/home`.

# %%
web = Sandbox(hostname="web").start(["httpd", "-f", "-h", "/home"])

# %% [markdown]
# From outside nobody can reach it: the box has a network of its own, and no cable goes in. (In
# topic 02 you lay one.) From inside it can be reached. So this is our browser:

# %%
import time


def ask(container):
    """What the container's web server answers when it is asked from inside."""
    for _ in range(50):  # a server that was just started may need a moment
        answer = container.exec(["wget", "-q", "-O", "-", "http://localhost/"])
        if "refused" not in answer.stderr:
            break
        time.sleep(0.1)
    return (answer.stdout + answer.stderr).strip()


print(ask(web))

# %% [markdown]
# The server answers. It only has nothing to show yet: *404, not found*.

# %% [markdown]
# ### Look inside
#
# `exec` runs any command in there. People say that they "log into" a container, but nobody logs
# in: one more process starts in the same box. Which processes are there, and which files?

# %%
print(web.exec(["ps", "-o", "pid,args"]).stdout)

# %%
print(web.exec(["ls", "/"]).stdout)

# %% [markdown]
# Those are not the files of this machine. They come from an [[image]] that is called `base`:
# labkit made it here, from one small program, the first time it was needed.

# %% [markdown]
# ### Change it
#
# The server wants a page, so we write one, inside.

# %%
web.exec(["sh", "-c", "echo 'Hello from my container' > /home/index.html"])
print(ask(web))

# %% [markdown]
# ### Break it
#
# Inside we are `root`, who may do anything. So let us do the worst and delete the folder with
# every program in it. (In the container! Mind the `web.exec`.) Only our browser we put aside, to
# be able to ask afterwards.

# %%
predict(
    "without-programs",
    "All programs in the container's `/bin` are deleted, the server's too. Does it still answer?",
    ["yes", "no"],
)

# %%
web.exec(["cp", "/bin/wget", "/tmp/wget"])
web.exec(["rm", "-r", "/bin"])

# %%
from labkit.core.errors import LabkitError

try:
    web.exec(["ls", "/"])
except LabkitError as error:
    print(error)

# %% [markdown]
# Not even `ls` is left in there. And the server?

# %%
from pathlib import Path

answer = web.exec(["/tmp/wget", "-q", "-O", "-", "http://localhost/"])
print(answer.stdout)
print("this machine's own /bin/sh:", "there" if Path("/bin/sh").exists() else "gone")

# %%
compare("without-programs", happened="yes" if answer.exit_code == 0 else "no")

# %% [markdown]
# Two things to keep. To delete a file is to take its *name* away; the kernel keeps the content for
# as long as a running process uses it, and the server is such a process. And root in a container
# reached only the *container's* files: `/bin` in there and `/bin` out here are two folders.
#
# Now break it for good. Its first process, PID 1, has a number out here: end it from outside.

# %%
import os
import signal

os.kill(web.pid, signal.SIGKILL)
print("exit code:", web.wait(timeout_s=5))

# %% [markdown]
# When the first process ends, the container ends. (A negative exit code is labkit's way of saying
# "by signal 9"; Docker says 137, which is 128 + 9.)

# %% [markdown]
# ### Start another one

# %%
predict(
    "after-restart",
    "Another container takes its place, from the same image. What will its web server answer?",
    ["Hello from my container", "404 Not Found", "nothing: its programs were deleted"],
)

# %%
web = Sandbox(hostname="web").start(["httpd", "-f", "-h", "/home"])
answer = ask(web)
print(answer)

# %%
compare("after-restart", happened="404 Not Found" if "404" in answer else answer)

# %% [markdown]
# The damage has gone, and so has the page. A container starts from its image, every time, and what
# is written in it goes with it. People say: containers are [[ephemeral]]. (Docker keeps what a
# *stopped* container wrote until `docker rm` removes it. The next container starts without it all
# the same.)
#
# That is why nobody repairs a container. You throw it away and start another one, and you put what
# shall last where it lasts. The page belongs into the image.

# %% [markdown]
# ### Build an image
#
# An image is not changed either: a new one is made on top of an old one. To say what is to be in
# it is enough; Docker's users write that into a *Dockerfile*, we into a call:
#
# | | Dockerfile | here |
# |---|---|---|
# | start from | `FROM base` | `base="base"` |
# | add files | `COPY index.html /home/` | `files={"/home/index.html": …}` |
# | what runs | `CMD ["httpd", "-f", "-h", "/home"]` | `command=[…]` |

# %%
images = ImageStore()
page = images.build(
    "page:1",
    base="base",
    files={"/home/index.html": "Hello from my image\n"},
    command=["httpd", "-f", "-h", "/home"],
)
page.reference

# %% [markdown]
# It has two [[layer]]s: the one of `base`, which both images share on the disk, and a small new
# one with our file alone.

# %%
print(len(page.layers), page.layers[-1] == images.get("base").layers[-1])

# %% [markdown]
# ### Run two of it
#
# An image is a mould. Start two containers from it; no command is needed, the image brings its
# own.

# %%
first = Sandbox("page:1", hostname="web-1").start()
second = Sandbox("page:1", hostname="web-2").start()
print(ask(first))
print(ask(second))

# %%
predict(
    "two-of-one",
    "The page is changed inside the first container. What will the second one show?",
    ["the changed page: they share an image", "the page of the image"],
)

# %%
first.exec(["sh", "-c", "echo 'I am special' > /home/index.html"])
print(ask(first))
print(ask(second))

# %%
same = ask(first) == ask(second)
compare(
    "two-of-one",
    happened="the changed page: they share an image" if same else "the page of the image",
)

# %% [markdown]
# They share what they *read*; what one *writes* is its own. So the first one is special now, and
# that is bad news: nobody can make it again from anything. The way to change what runs is to build
# `page:2` and put containers of it in the place of the old ones. You will do so in the exercise.

# %%
for container in (box, web, first, second):
    container.stop()

# %% [markdown]
# ### The rest of the way
#
# Four more steps lead from here to a service that the world uses. Each has its place in a later
# topic (the map says which topics are there, and which are still *to come*):
#
# | step | what you will do | topic |
# |---|---|---|
# | **push it** | send the image to a [[registry]], from where other machines pull it | 06 |
# | **deploy it** | tell a [[cluster]] how many of it shall run, and let it find the places | 12 |
# | **kill one** | end a [[pod]], and watch another one come in its place, without you | 12 |
# | **update it** | change the version, and watch the cluster replace one after the other | 12 |
#
# Which topic is next is up to you. **Use it** leads on to images, Docker and clusters, and tells
# later how they work: 05, 07, 10, 12, 14. **Understand it** takes the walls apart first: 01 to 04.
# Both lead through everything in the end.

# %% [markdown]
# ### What you can say now
#
# - A **container** is a process of this machine with walls around it. It sees its own files, its
#   own processes, its own network; this machine sees it like any other process.
# - It ends when its first process ends, and what was written in it ends with it.
# - An **image** is what containers start from. It is never changed; a new one is built.
# - A **check** looks at what is, a **hint** fits what it saw, and `task` always leads back.
