"""The load: what the client is told to do to a server, and what it found."""
import json, subprocess

from .machine import CLIENT, give_up, pinned
from .servers import PASSWORD


def client(scenario, server, **options):
    """Runs one scenario of the client to its end; its figures."""
    done = subprocess.run(command(scenario, server, options), stdout=subprocess.PIPE, text=True)
    if done.returncode:
        give_up("the client gave up (above)")
    return json.loads(done.stdout)


def command(scenario, server, options):
    words = [CLIENT, scenario, "--port", server.port, "--pid", server.pid, "--password", PASSWORD]
    for name, value in options.items():
        words += [f"--{name}", value]
    return pinned(1, *words)


class Guests:
    """A scenario that goes on until it is told to end: it says a line of figures when something is done, and does the
    next thing when it hears a line."""

    def __init__(self, scenario, server, **options):
        self.process = subprocess.Popen(
            command(scenario, server, options), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            self.process.kill()
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def hear(self):
        line = self.process.stdout.readline()
        if not line:
            give_up("the client gave up (above)")
        return json.loads(line)

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.hear()
