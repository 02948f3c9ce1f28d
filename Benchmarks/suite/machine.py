"""The machine under the measurement: its cores, its processes, the programs that say what its limit is."""
import os, platform, subprocess, sys

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(HERE)
OSTLER = os.environ.get("OSTLER", f"{ROOT}/.build/ostler")
CLIENT = os.environ.get("OSTLER_BENCH", f"{ROOT}/.build/release/ostler-bench")
BUILD = f"{ROOT}/.build/bench"
# The C programs and the libraries that each needs.
LIMITS = {"limit": ["-lssl", "-lcrypto"], "disk": ["-lsqlite3"]}


def give_up(why):
    sys.exit(f"bench: {why}")


def pinned(core, *command):
    """The command on a core of its own, as far as there are cores: 0 is the server's, 1 the load's."""
    cores = sorted(os.sched_getaffinity(0))
    return ["taskset", "-c", str(cores[min(core, len(cores) - 1)]), *map(str, command)]


def status(pid, name):
    """One of the kernel's figures of a process, in bytes."""
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(name + ":"))


def prepare():
    """Builds the limits and looks whether the programs under test are there."""
    for program in (OSTLER, CLIENT):
        if not os.access(program, os.X_OK):
            give_up(f"{program} is missing; `make bench` builds it")
    os.makedirs(BUILD, exist_ok=True)
    for name, libraries in LIMITS.items():
        command = ["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-o", f"{BUILD}/{name}"]
        subprocess.run([*command, f"{HERE}/limit/{name}.c", *libraries], check=True)


def described():
    with open("/proc/cpuinfo") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    cores = len(os.sched_getaffinity(0))
    where = "server on one core, client on another" if cores > 1 else "server and client share the only core"
    name = names[0] if names else platform.machine()
    return {"processor": name, "cores": cores, "kernel": platform.release(), "pinning": where}
