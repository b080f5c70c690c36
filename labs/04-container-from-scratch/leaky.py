"""A container with holes:  python3 mine.py [OPTIONS] COMMAND …

It makes a user namespace before anything else: without rights over the machine, no mistake in the
rest can hurt it.
"""

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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--hostname", default="container")
    parser.add_argument("--root", required=True, help="the folder that becomes the root")
    parser.add_argument("--memory", help="at most so many bytes")
    parser.add_argument("--pids", help="at most so many processes")
    parser.add_argument("--group", default=f"container-{os.getpid()}", help="name of its cgroup")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    sys.exit(run(parser.parse_args()))


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
    die_with_parent()
    call("sethostname", options.hostname, len(options.hostname))
    root = new_root(options.root)
    give_proc(root)
    give_devices(root)
    enter(root)
    os.execvpe(options.command[0], options.command, {"PATH": "/bin:/usr/bin"})


def new_namespaces():
    """Leaves the machine's namespaces for new ones, as root of a user namespace."""
    uid, gid = os.getuid(), os.getgid()
    call("unshare", CLONE_NEWUSER | CLONE_NEWUTS)
    write("/proc/self/setgroups", "deny")
    write("/proc/self/uid_map", f"0 {uid} 1")
    write("/proc/self/gid_map", f"0 {gid} 1")
    die_with_parent()


def new_root(folder):
    """Mounts of its own, and in them the files that will be the root."""
    call("unshare", CLONE_NEWNS)
    call("mount", None, "/", None, MS_REC | MS_PRIVATE, None)
    call("mount", folder, folder, None, MS_BIND, None)
    return folder


def give_proc(root):
    """Something to see at /proc."""
    call("mount", "/proc", f"{root}/proc", None, MS_BIND | MS_REC, None)


def give_devices(root):
    """The machine's harmless devices, each mounted on an empty file."""
    for name in ("null", "zero", "full", "random", "urandom"):
        write(f"{root}/dev/{name}", "")
        call("mount", f"/dev/{name}", f"{root}/dev/{name}", None, MS_BIND, None)


def enter(root):
    """Makes this folder the root."""
    os.chroot(root)
    os.chdir("/")


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
                write(f"{folder}/memory.swap.max", 0)
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


def die_with_parent():
    """Asks the kernel to kill this process when its parent ends."""
    call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def call(name, *arguments):
    """Makes a system call that Python has no function for."""
    words = [word.encode() if isinstance(word, str) else word for word in arguments]
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*words) < 0:
        sys.exit(f"{name}: {os.strerror(ctypes.get_errno())}")


def write(path, text):
    """Writes a small file."""
    with open(path, "w") as file:
        file.write(str(text))


if __name__ == "__main__":
    main()
