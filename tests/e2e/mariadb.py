"""A private MariaDB server for tests from outside; private-mariadb runs it."""
import re
import subprocess


class Mariadb:
    """A server with its data in a folder. It ends with this program, however that ends."""

    def __init__(self, program, folder, *arguments):
        self.command = [str(program), str(folder), *arguments]
        self.dsn, self.pid, self.process = '', 0, None

    def start(self):
        """Starts it, again too, and waits until it answers."""
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        ready = re.fullmatch(r'ready dsn=(\S+) process=(\d+)\n', line)
        if not ready:
            raise AssertionError(f'no MariaDB server: {line!r}, status {self.process.wait()}')
        self.dsn, self.pid = ready[1], int(ready[2])
        return self

    def stop(self):
        """In good order; the exit status."""
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait()

    def kill(self):
        """As a crash would. The next start waits until the server has ended."""
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
