"""The real service as a child process, for tests that talk to it from outside."""
import os
import pathlib
import re
import subprocess
import tempfile
import time
import unittest

from mariadb import Mariadb

WAIT_SECONDS = 60


def wait_for(what, condition, process=None):
    """Looks until condition() is true; fails after WAIT_SECONDS or when the process has ended."""
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        if process is not None and process.poll() is not None:
            raise AssertionError(f'the program ended before {what}')
        if time.monotonic() > end:
            raise AssertionError(f'waited {WAIT_SECONDS} s in vain until {what}')
        time.sleep(0.001)


class Service:
    """The real binary on a folder of its own, on a port that outlives its restarts."""

    def __init__(self, service, bench, folder, store):
        self.programs = service, bench
        self.folder, self.store, self.port = pathlib.Path(folder), store, 0
        self.environment = {}  # added to ours
        self.process = None
        self.benches = []

    @property
    def log(self):
        return (self.folder / 'service.log').read_text(errors='replace')

    def start(self):
        self.launch()
        wait_for('it is ready', lambda: ' ready ' in self.log, self.process)
        self.port = int(re.search(r' ready .*\bport=(\d+)', self.log).group(1))

    def launch(self):
        """Starts it, and does not wait until it serves."""
        config = self.folder / 'config.yaml'
        config.write_text(f'server:\n  address: 127.0.0.1\n  port: {self.port}\n'
                          f'store: {self.store}\n'
                          f'embedded:\n  path: {self.folder}/data\n')
        with open(self.folder / 'service.log', 'wb') as out:
            self.process = subprocess.Popen([self.programs[0], '--config', config],
                                            stdout=out, stderr=out,
                                            env={**os.environ, 'INVENTORY_HTTP_PORT': '0',
                                                 **self.environment})

    @property
    def target(self):
        return f'127.0.0.1:{self.port}'

    def stop(self):
        """SIGTERM; the exit status."""
        self.process.terminate()
        return self.process.wait(WAIT_SECONDS)

    def kill(self):
        """kill -9, as a crash would."""
        self.process.kill()
        self.process.wait()

    def close(self):
        """Leaves no process behind."""
        for process in (self.process, *self.benches):
            process.kill()
            process.communicate()

    def bytes_written(self):
        io = pathlib.Path(f'/proc/{self.process.pid}/io').read_text()
        return int(re.search(r'wchar: (\d+)', io).group(1))

    def memory_kb(self):
        """Resident now."""
        status = pathlib.Path(f'/proc/{self.process.pid}/status').read_text()
        return int(re.search(r'VmRSS:\s+(\d+)', status).group(1))

    def cpu_ticks(self):
        stat = pathlib.Path(f'/proc/{self.process.pid}/stat').read_text()
        fields = stat.rpartition(')')[2].split()
        return int(fields[11]) + int(fields[12])  # utime, stime

    def bench(self, *arguments):
        """inventory-bench with these arguments, running."""
        command = [self.programs[1], *arguments, '--address', self.target]
        self.benches.append(subprocess.Popen(command, stdout=subprocess.PIPE,
                                             stderr=subprocess.STDOUT, text=True))
        return self.benches[-1]


class ServiceTest(unittest.TestCase):
    """A test with a folder of its own. `programs`: the paths of inventory-service and, where the
    test uses it, inventory-bench. `mariadb`: that of private-mariadb, for store mysql."""

    programs = '', ''
    mariadb = ''

    def serve(self, store, **environment):
        folder = tempfile.TemporaryDirectory(prefix='inventory-e2e-')
        self.addCleanup(folder.cleanup)
        service = Service(*self.programs, folder.name, store)
        service.environment.update(environment)
        if store == 'mysql':
            database = Mariadb(self.mariadb, pathlib.Path(folder.name, 'mariadb')).start()
            self.addCleanup(database.kill)
            service.environment['INVENTORY_DATABASE_DSN'] = database.dsn
        self.addCleanup(service.close)
        service.start()
        return service

    def finish(self, program):
        """The program's exit status and output."""
        try:
            output, _ = program.communicate(timeout=2 * WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            program.kill()
            output, _ = program.communicate()
            self.fail(f'not done after {2 * WAIT_SECONDS} s:\n{output}')
        return program.returncode, output
