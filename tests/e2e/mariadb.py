"""A private MariaDB server for tests from outside; private-mariadb runs it."""
import ctypes
import functools
import pathlib
import re
import subprocess


@functools.cache
def client_library():
    """The C library that the service has its connections from: a Python of Debian has no other."""
    library = ctypes.CDLL('libmariadb.so.3')
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint
    for name, result, arguments in (
            ('init', pointer, [pointer]),
            ('real_connect', pointer, [pointer, text, text, text, text, number, text,
                                       ctypes.c_ulong]),
            ('query', ctypes.c_int, [pointer, text]),
            ('store_result', pointer, [pointer]),
            ('num_fields', number, [pointer]),
            ('fetch_row', ctypes.POINTER(text), [pointer]),
            ('free_result', None, [pointer]),
            ('error', text, [pointer]),
            ('close', None, [pointer])):
        function = getattr(library, 'mysql_' + name)
        function.restype, function.argtypes = result, arguments
        setattr(library, name, function)
    return library


class SqlError(Exception):
    """What the server said."""


class Session:
    """A connection, by default as root. Ends what it has begun at the end of its `with`."""

    def __init__(self, socket, user='root', password=''):
        self.library = client_library()
        self.handle = self.library.init(None)
        if not self.library.real_connect(self.handle, None, user.encode(), password.encode(),
                                         b'inventory', 0, socket.encode(), 0):
            self.fail()

    def fail(self):
        error = self.library.error(self.handle).decode()
        self.close()
        raise SqlError(error)

    def run(self, statement):
        """The rows, of texts; NULL is None. After an SqlError it is closed."""
        if self.library.query(self.handle, statement.encode()) != 0:
            self.fail()
        result = self.library.store_result(self.handle)
        if not result:
            return []
        fields, rows = self.library.num_fields(result), []
        while row := self.library.fetch_row(result):
            rows.append(tuple(None if row[i] is None else row[i].decode()
                              for i in range(fields)))
        self.library.free_result(result)
        return rows

    def close(self):
        if self.handle:
            self.library.close(self.handle)
        self.handle = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Mariadb:
    """A server with its data in a folder. It ends with this program, however that ends."""

    def __init__(self, program, folder, *arguments):
        self.command = [str(program), str(folder), *arguments]
        self.folder = pathlib.Path(folder)
        self.socket = f'{folder}/mariadbd.sock'
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

    @property
    def log(self):
        return (self.folder / 'mariadbd.log').read_text(errors='replace')

    def dsn_of(self, user_and_password, database='inventory'):
        return f'{user_and_password}@unix({self.socket})/{database}'

    def session(self, *user_and_password):
        return Session(self.socket, *user_and_password)

    def ask(self, statement):
        """What root is answered, on a connection of its own."""
        with self.session() as session:
            return session.run(statement)

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
