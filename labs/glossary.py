# The glossary. Each term is a heading of level 3; its other names follow after bars. The first
# sentence of a term is shown wherever the course links to it, so it has to stand alone.

# %% [markdown]
# # Glossary
#
# The words of this course, in groups that belong together. Where an older word is still about, or
# one word means two things, it says so. [Back to the map](home.ipynb)

# %% [markdown]
# ## What runs
#
# ### Container | containers
#
# A process, or a few, running in a box of its own: with its own view of files, process numbers and
# network, and with limits on what it may use. It is an ordinary process of its machine; the kernel
# has no thing called "container". (People also say it for the image, or the whole ecosystem.)
#
# ### Sandbox | sandboxes
#
# A closed box in which a program can do what it likes without touching what is outside. In this
# course, `Sandbox` is the name of the containers that labkit itself makes. (In Kubernetes, a "pod
# sandbox" is the box that the containers of a pod share.)
#
# ### Process | processes
#
# A program that is running, with a number, memory of its own and a parent that started it.
#
# ### PID | process ID, process number
#
# The number of a process. A process in a container has two: one in there, and one on the host.
#
# ### PID 1 | init
#
# The first process of a system, or of a container. When it ends, the kernel ends every other
# process of that container. From inside it hears only the signals that it has asked for, so a
# stray `kill` cannot end it by accident.
#
# ### Signal | signals, SIGTERM, SIGKILL
#
# A short message from the kernel to a process: end, stop, go on. SIGTERM asks it to end, and it
# may tidy up or refuse; SIGKILL ends it, and nobody can refuse that.
#
# ### Exit code | exit codes, exit status
#
# The number that a process leaves when it ends; 0 means that all went well. A process that was
# ended by a signal has none: shells and Docker then say 128 plus the signal's number (137 for
# SIGKILL), labkit and Python say minus the number (−9).
#
# ### Ephemeral
#
# Made to be thrown away: what a container writes goes with it. Data that has to stay lies in a
# volume or with a service, such as a database.
#
# ### Volume | volumes, bind mount
#
# A folder from outside, mounted in a container, so that what is written there outlives it.
# Strictly, a *volume* is kept by the engine, and a *bind mount* is any folder of the host; both
# are used alike.
#
# ### Instance | instances, replica, replicas
#
# One of several containers or pods that were started from the same image and do the same work.
#
# ### System container | system containers
#
# A container that runs a whole system with an init of its own, and not one application. LXC and
# systemd-nspawn make them.
#
# ### Virtual machine | virtual machines, VM, VMs
#
# A computer made of software: it boots a kernel of its own on hardware that is only pretended. A
# container shares the kernel of its host. Walls between virtual machines are thicker.
#
# ### Hypervisor | hypervisors
#
# The program that makes virtual machines. Type 1 runs on the bare hardware, type 2 as a program of
# an operating system.

# %% [markdown]
# ## What the kernel gives
#
# ### Kernel
#
# The part of the operating system that runs programs, shares out memory and devices, and answers
# their requests. All containers of a host share one.
#
# ### System call | system calls, syscall
#
# A request of a program to the kernel: open a file, start a process, make a namespace.
#
# ### Namespace | namespaces
#
# What decides **what a process can see**: a kind of view that processes share or have of their
# own. There are eight kinds: process numbers, mounts, network, hostname, users, messages between
# processes, cgroups, and clocks. (Kubernetes uses the same word for something else: a part of a
# cluster in which names have to be unique.)
#
# ### PID namespace | PID namespaces
#
# Process numbers of one's own: the first process in it is PID 1 there, and has another number
# outside. When PID 1 ends, the kernel ends all others in it.
#
# ### User namespace | user namespaces
#
# The namespace that gives user numbers another meaning inside: root in there is an ordinary user
# out here. It is what makes containers without root possible.
#
# ### Cgroup | cgroups, control group, control groups
#
# What decides **what a process can use**: a group of processes whose memory, processor time, disk
# traffic or number is counted and limited. Groups form a tree. Today's form is version 2, one tree
# for everything; version 1 had a tree for each kind, and machines that use it are still met. The
# file `/etc/cgconfig.conf` belongs to tools of that time.
#
# ### Controller of a cgroup | cgroup controller
#
# The part of the kernel that counts and limits one kind of thing for each group: `memory`, `cpu`, `io`,
# `pids`, `cpuset`. A group has those that the group above passes on. (In version 1 each controller
# had a tree of its own, and `io` was called `blkio`.)
#
# ### Quota | CPU quota, throttled, throttling
#
# The CPU time that a group may use in each period, such as 20 of every 100 milliseconds. Who has used it
# up is *throttled*: it waits for the next period, even when nobody else wants the CPU.
#
# ### Weight | weights, CPU shares, cpu.shares
#
# How much of something a group gets beside its siblings while several want it: three times the weight,
# three times the time. It limits nobody who is alone. Version 1 said *shares*, on another scale.
#
# ### Delegation | delegate, delegated
#
# To give a part of the tree of cgroups to a user, who may then make groups below it and fill them. The
# limits of the part itself are not given.
#
# ### cgconfig.conf | libcgroup, cgconfigparser
#
# The file in which libcgroup wrote down groups and their limits, from the time of cgroup version 1. Today
# systemd's units and slices say the same.
#
# ### Limit | limits
#
# The most that a container may use of something, such as `memory.max` or `pids.max`. At the limit
# on memory the kernel ends a process; at the limit on processes it refuses to start another one.
#
# ### OOM kill | OOM killer, out of memory
#
# What the kernel does when memory runs out, on a machine or in one cgroup: it picks a process and
# ends it. OOM is *out of memory*.
#
# ### Root
#
# Three things have this name: the user who may do anything, the folder `/` at which every path
# begins, and the *root file system*, all the files that a process can reach from there. A
# container has a root file system of its own, and its root user can do less than the host's.
#
# ### Capability | capabilities
#
# One piece of root's power, such as changing a file's owner or setting the clock. Root in a
# container keeps a few of them and loses the rest. (When the doctor of this course says
# "capability", it means something that this machine can do.)
#
# ### Rootless
#
# Run by an ordinary user, without root's rights on the host. A way out of such a container leads
# to an ordinary user only.
#
# ### No new privileges | no_new_privs, no-new-privileges
#
# A promise that the kernel keeps: this process and whatever it starts can never gain more rights
# than it has, not even through a program that would give them.
#
# ### Overlay | overlayfs, overlay file system
#
# A file system that shows several folders as one, with a writable one on top. It is how the layers
# of an image become one root, and how each container gets a place of its own to write to.
#
# ### Copy-on-write
#
# Share until somebody writes: only then is what is changed copied, and only for who changed it.
#
# ### Mount | mounts, mounting
#
# To make a file system, or a folder, appear at a place in the tree of folders.
#
# ### chroot
#
# A system call that shows a process another folder as its root. It hides the tree above and does
# not remove it: whoever is root inside climbs out. It is older than containers (1979), and no wall.
#
# ### pivot_root
#
# A system call that puts another mount in the place of the root, for a whole mount namespace. The
# old root can then be unmounted, and nothing lies above the new one. Every container runtime uses it.
#
# ### procfs | /proc
#
# The file system in which the kernel shows processes and its own switches as files. Each mount of
# it belongs to one PID namespace: with the machine's `/proc` in it, a container sees everything.
#
# ### Break-out | break out, container escape
#
# A way from inside a container to what is outside. Each wall of a container closes one.

# %% [markdown]
# ## Networks
#
# ### Network namespace | network namespaces
#
# Links, addresses, routes, firewall and ports of one's own. A new one has only `lo`, switched off.
# `ip netns add` makes one that has a name, and lives without a process.
#
# ### Veth pair | veth, veth pairs
#
# Two network links that are the ends of one cable: what goes in at one end comes out at the other,
# mostly in another network namespace.
#
# ### Bridge | bridges
#
# A switch made of software: links that are its ports reach each other. Docker's is `docker0`.
#
# ### NAT | masquerade
#
# A router writes its own address over the sender's, and back again over the answer's. So a private
# network can reach the world, which knows only the router.
#
# ### Loopback | lo, localhost
#
# The network of a machine, or of a container, with itself. In a container with a network of its
# own, `localhost` is the container, and not the host.

# %% [markdown]
# ## Images
#
# ### Image | images, container image
#
# What a container is started from: files, and a little configuration that says what to run. It
# brings everything above the kernel, and is never changed: whoever wants a change builds a new
# one.
#
# ### Layer | layers
#
# One step of an image: the files that were added, changed or removed on top of the layers below.
# Images that are built on the same layers store them, and move them, once.
#
# ### Digest | digests
#
# The SHA-256 checksum of some content, used as its name: `sha256:…`. Other content has another
# digest, so what is named by a digest can never be something else.
#
# ### Tag | tags
#
# A name for a version of an image, after the colon: the `1` of `hello:1`. A tag can be moved to
# another image at any time; a digest cannot. `latest` is only the tag that is meant when none is
# said.
#
# ### Manifest | manifests
#
# The document that says what an image consists of: the digests of its configuration and of its
# layers.
#
# ### Base image | base images
#
# The image that another one is built on. In this course `base` is a small Linux that labkit makes
# from this machine's busybox.
#
# ### Definition file | Dockerfile, Containerfile
#
# The text that says how an image is built, step by step. Docker calls it Dockerfile, others
# Containerfile. It can be kept, read and repeated; a change made by hand inside a container
# cannot.
#
# ### Image cache | build cache
#
# The images and layers that a host keeps, so that nothing is fetched or stored twice; all
# containers of the host share them. A *build cache* keeps the results of build steps in the same
# spirit.
#
# ### Registry | registries
#
# A service that stores images: one *pushes* them to it and *pulls* them from it. "Like git, for
# images" is a fair first picture: only what is missing is moved. But nothing is ever merged.
#
# ### BusyBox
#
# One small program that is many: called `ls` it lists files, called `httpd` it is a web server.
# The base image consists of little else.

# %% [markdown]
# ## Who does the work
#
# ### Host | container host
#
# The machine that containers run on, and whose kernel they share.
#
# ### Engine | engines, container engine
#
# What a person talks to: it builds, pulls and pushes images, and starts, stops and watches
# containers. Docker and Podman are engines.
#
# ### Client
#
# The program that asks: `docker`, typed in a terminal, sends a request and shows the answer.
#
# ### Daemon | deamon
#
# A program that runs in the background and does what clients ask, such as `dockerd`. Podman does
# without one. (Often misspelt "deamon".)
#
# ### Runtime | runtimes, container runtime
#
# What makes and starts the container itself. The word is used for two levels: a *CRI runtime* such
# as containerd, and below it an *OCI runtime* such as runc.
#
# ### OCI | Open Container Initiative
#
# The industry's agreement on what an image is, how a runtime starts a container, and how a registry
# is spoken to. It is why an image built with one tool runs with all others.
#
# ### OCI runtime | OCI runtimes, low-level runtime
#
# The program that takes a bundle, makes the namespaces and cgroups, starts the process, and
# leaves. runc and crun do only that; gVisor and Kata put a second wall around it.
#
# ### Bundle | bundles
#
# What an OCI runtime is given: a folder with the root file system and a `config.json` that says
# what to start, and how.
#
# ### CRI | Container Runtime Interface
#
# The way in which Kubernetes tells a runtime what to do. containerd and CRI-O understand it.
# Docker does not; since Kubernetes 1.24 an adapter, cri-dockerd, has to stand between.
#
# ### CRI runtime | CRI runtimes, high-level runtime
#
# What a node of Kubernetes asks for its containers: it pulls images, prepares their files, and
# calls an OCI runtime. containerd and CRI-O are the two in use.
#
# ### rkt | rocket
#
# An engine without a daemon, made by CoreOS under the name Rocket, and archived in 2020. Pods and
# running without a daemon live on, in Kubernetes and in Podman.
#
# ### RailCar
#
# An OCI runtime that Oracle wrote in Rust, and archived. youki is one of today.
#
# ### LXC
#
# System containers, from before Docker: the first Docker was built on it.

# %% [markdown]
# ## Clusters
#
# ### Orchestration | orchestrator
#
# Keeping many containers on many machines as they should be: placed, connected, restarted,
# updated, scaled. Kubernetes is the usual orchestrator; Docker Swarm is a smaller one, OpenShift
# is Kubernetes with more around it, and Mesos is history.
#
# ### Kubernetes | k8s
#
# The orchestrator that most people use. One tells it a desired state, and it works until that is
# so.
#
# ### Cluster | clusters
#
# Machines that are managed as one: a control plane that decides, and nodes that run the work.
#
# ### Node | nodes, worker, worker node
#
# A machine of a cluster that runs pods: a real one, or a virtual one. Older notes call it a
# "slave" or a "minion"; nobody does so any more.
#
# ### Control plane | master, master node
#
# The part of a cluster that decides: the API server, the store behind it, the scheduler and the
# controllers. Older texts say "master", as if it were one machine; today there are often three.
#
# ### Pod | pods
#
# The smallest thing that Kubernetes runs: one container, or a few that belong together and share a
# network and volumes. It is more than one process, and it is never repaired: it is replaced.
#
# ### Desired state
#
# What somebody wants to be the case, written down: three of these, in that version. A cluster
# compares it with what is, and acts on the difference, again and again.
#
# ### Deployment | deployments
#
# The object of Kubernetes that says which image runs, and how many of it; it replaces pods step by
# step when the version changes, and can go back.
#
# ### API server
#
# The part of the control plane that everybody talks to: people, nodes and controllers read and
# write the state of the cluster through it, and through nothing else.
#
# ### Scheduler
#
# The part of the control plane that chooses a node for each new pod. It does not start the pod,
# and does not delete it: that is done by the kubelet and the controllers.
#
# ### Controller | controllers, controller manager
#
# A loop that watches one kind of thing and works towards its desired state. The controller manager
# is the program in which the loops of Kubernetes run.
#
# ### Kubelet
#
# The daemon on each node that has the containers of its pods started, watches them and reports.
#
# ### etcd
#
# The store in which Kubernetes keeps everything it knows. It belongs to the control plane, or to
# machines of its own; it does not run on every node.
#
# ### Rolling update | rolling updates, rolling deployment, rollback
#
# To replace what runs by another version a few pods at a time, so that somebody always answers.
# Going back to the version before is a *rollback*.
#
# ### Scaling | scale, autoscaling
#
# To run more of something, or fewer. By hand, or automatically with the load.
#
# ### Service discovery
#
# How one program finds another one whose containers come and go: by a lasting name. In Kubernetes
# the cluster's DNS gives the answer; it is CoreDNS today, and was KubeDNS.
#
# ### Service | services
#
# In Kubernetes: one lasting name and address for a group of pods that come and go. Elsewhere: any
# program that answers requests, such as a database.

# %% [markdown]
# ## This course
#
# ### Lab | labs
#
# The notebook of a topic that goes with you: it explains, and shows everything live.
#
# ### Exercise | exercises, task, tasks
#
# The notebook of a topic in which you do it: a few tasks, each with a check.
#
# ### Check | checks
#
# A program that looks whether a task is done, at the machine itself and never at your code.
#
# ### Wrong state | wrong states, near miss
#
# One of the ways in which a task can be not yet done, that a check knows by name. A near miss is
# one that is almost right.
#
# ### Hint | hints
#
# Help with a task, chosen by what its check saw last. Each costs a tenth of the task's points.
#
# ### Doctor
#
# The part of labkit that finds out what this machine can do, by doing it.
#
# ### Helper
#
# The small process that makes the system calls for the sandboxes of a notebook. They are its
# children, and end with it. Docker's containers have such a parent, too: `containerd-shim`.
