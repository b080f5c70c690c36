# The home notebook: the first page that a learner sees.

# %% [markdown]
# # Containers and orchestration, hands on
#
# Here you do not read about containers: you run them, look inside, break them, and have your work
# checked. On this machine's own Linux, with real parts; where something is only simulated, it says
# so.
#
# **New here?** → [**Start here**](00-start-here/lab.ipynb). The first check is passed in two
# minutes. With its [exercise](../exercises/00-start-here.ipynb) it takes an hour, and then you
# have been all the way round once.
#
# **Been here before?** Run the next cell (click into it, press Shift and Enter). It shows where
# you stand, and each topic on the map that is there opens with a click.

# %% tags=["nbval-ignore-output"]
from labkit import course_map

course_map()

# %% [markdown]
# **Two routes, one course.** After the start you choose what you care for. You can change over at
# any time, and both lead through everything.
#
# - **Use it**: build, run and deploy things first, and find out later how they work. Topics 05,
#   07, 10, 12, 14, then the rest.
# - **Understand it**: know what a container is made of before you rely on one. Topics 01 to 04,
#   then the rest.
#
# **How a topic works.** A *lab* goes with you: it explains, shows, and asks what you expect before
# it shows. An *exercise* lets you do it: each task has a check that looks at the machine. The
# *solution* is there for afterwards. Lab and exercise of a topic take one to two hours.
#
# **How to come back.** Close everything whenever you like. What you have passed is kept on this
# machine. What *ran* ends with its notebook; `task("NAME")` builds the state before any task again
# in a moment. To take your progress to another machine:
# `export_progress("me.json")` here, `import_progress("me.json")` there.
#
# **When something is wrong.**
#
# - A task will not pass: read its card, then ask `hint("NAME")`, and in the end `reveal("NAME")`.
# - A lab says that it is *blocked*: `doctor()` says what this machine lacks, and which command
#   brings it.
# - A notebook hangs or is in a tangle: *Kernel*, *Restart kernel*, then `task("NAME")`.
# - A word is new: it is in the [glossary](glossary.ipynb).
