"""A terminal for tests: runs a program behind a pty, types, and reads what it shows.

  with Terminal(["scale", "init"], columns=80) as shown:
      shown.expect("relieved")
      shown.type("memory\\n")
      status = shown.end()
"""

import fcntl
import os
import pty
import select
import struct
import termios
import time


class Terminal:
    def __init__(self, arguments, columns=80, environment=None):
        self.text, self.at = "", 0
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            # The size is set before the program starts: it may ask at once.
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
            os.execvpe(arguments[0], arguments, {**os.environ, "TERM": "xterm", **(environment or {})})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.descriptor)
        try:
            os.kill(self.pid, 9)
            os.waitpid(self.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass

    def read(self, seconds):
        """Whether something came, or the end did."""
        if not select.select([self.descriptor], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.descriptor, 65536)
        except OSError:  # the program has closed the terminal
            return False
        self.text += data.decode(errors="replace")
        return bool(data)

    def expect(self, wanted, seconds=120):
        """Waits until the program has shown `wanted` behind what was expected before."""
        deadline = time.monotonic() + seconds
        while wanted not in self.text[self.at:]:
            if time.monotonic() > deadline or (not self.read(1) and os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)):
                if wanted in self.text[self.at:]:
                    break
                raise AssertionError(f"no {wanted!r} in what was shown:\n{self.text[self.at:]}")
        self.at = self.text.index(wanted, self.at) + len(wanted)

    def type(self, keys):
        os.write(self.descriptor, keys.encode())

    def end(self):
        """All that is still shown; then the exit status, negative for a signal."""
        while self.read(300):
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
