"""A private Redis server for tests from outside."""
import pathlib
import socket
import subprocess
import time

SERVER = '/usr/bin/redis-server'
WAIT_SECONDS = 60
# What the store asks of a Redis: nothing is evicted, and what was answered is soon on disk.
SETTINGS = {'appendonly': 'yes', 'appendfsync': 'everysec', 'maxmemory-policy': 'noeviction',
            'save': ''}


class RedisError(Exception):
    """What the server said."""


def encode(words):
    """A command as it is sent."""
    words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b'*%d\r\n' % len(words) + b''.join(b'$%d\r\n%s\r\n' % (len(word), word)
                                              for word in words)


class Session:
    """A connection. Texts come as str, numbers as int, nothing as None."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(WAIT_SECONDS)
        try:
            self.socket.connect(str(path))
        except OSError:
            self.socket.close()
            raise
        self.file = self.socket.makefile('rb')

    def run(self, *words):
        return self.run_all([words])[0]

    def run_all(self, commands):
        """The answers to several commands, sent together."""
        self.socket.sendall(b''.join(map(encode, commands)))
        return [self.read() for _ in commands]

    def read(self):
        line = self.file.readline()
        if not line.endswith(b'\r\n'):
            raise ConnectionError('the server closed the connection')
        kind, rest = line[:1], line[1:-2]
        if kind == b'-':
            raise RedisError(rest.decode())
        if kind == b'+':
            return rest.decode()
        if kind == b':':
            return int(rest)
        if kind == b'$':
            return None if rest == b'-1' else \
                self.file.read(int(rest) + 2)[:-2].decode(errors='surrogateescape')
        if rest == b'-1':
            return None
        return [self.read() for _ in range(int(rest))]

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def free_port():
    """A port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        return taken.getsockname()[1]


class Redis:
    """A server with its data in a folder, on a port that outlives its restarts. It ends with the
    thread that started it, however that ends: start it from one that stays."""

    def __init__(self, folder, **settings):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.socket = self.folder / 'redis.sock'
        self.settings = {**SETTINGS, **{name.replace('_', '-'): value
                                        for name, value in settings.items()}}
        self.port, self.process = free_port(), None

    @property
    def address(self):
        return f'127.0.0.1:{self.port}'

    @property
    def pid(self):
        return self.process.pid

    @property
    def log(self):
        return (self.folder / 'redis.log').read_text(errors='replace')

    def start(self, wait=True):
        """Starts it, again too, and waits until it has read its data."""
        self.socket.unlink(missing_ok=True)
        words = [word for name, value in self.settings.items() for word in (f'--{name}', value)]
        self.process = subprocess.Popen(
            ['setpriv', '--pdeathsig', 'KILL', SERVER, '--bind', '127.0.0.1',
             '--port', str(self.port), '--unixsocket', self.socket, '--dir', self.folder,
             '--logfile', self.folder / 'redis.log', *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        if wait:
            self.wait()
        return self

    def wait(self):
        """Until it answers."""
        end = time.monotonic() + WAIT_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f'redis-server does not answer: {self.log[-1_000:]}')
            time.sleep(0.002)

    def answers(self):
        """Whether it does: one that reads its data, or is not there, does not."""
        try:
            return self.ask('PING') == 'PONG'
        except (OSError, RedisError):
            return False

    def session(self):
        return Session(self.socket)

    def ask(self, *words):
        """The answer, on a connection of its own."""
        with self.session() as session:
            return session.run(*words)

    def stop(self):
        """SIGTERM: it saves, and ends. The exit status."""
        self.process.terminate()
        return self.process.wait(WAIT_SECONDS)

    def kill(self):
        """kill -9, as a crash would."""
        self.process.kill()
        self.process.wait()
