#!/usr/bin/python3
"""private-mariadb and private-redis, one inside the other as ./dev run --store redis has them.

Usage: private_server_test.py PRIVATE_MARIADB PRIVATE_REDIS [unittest's arguments]
"""
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from mariadb import Session
from redis_server import Session as RedisSession

MARIADB = REDIS = ''
WAIT_SECONDS = 60
# Says what it was given, and ends when it is told to, with a status of its own.
COMMAND = ('trap "exit 7" TERM INT; echo "$INVENTORY_STORE $INVENTORY_REDIS_ADDR'
           ' $INVENTORY_DATABASE_DSN"; while :; do sleep 0.01; done')


class PrivateServerTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='inventory-private-')
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def start(self):
        """The two around a command; what the command was given."""
        self.process = subprocess.Popen(
            [MARIADB, self.folder / 'mariadb', '--', REDIS, self.folder / 'redis', '--appendfsync',
             'always', '--', '/bin/sh', '-c', COMMAND], stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.process.stdout.close)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)
        store, redis, dsn = self.process.stdout.readline().split()
        self.assertEqual(store, 'redis')
        self.assertEqual(dsn, f'root@unix({self.folder}/mariadb/mariadbd.sock)/inventory')
        return redis, f'{self.folder}/mariadb/mariadbd.sock'

    def test_both_live_as_long_as_the_command_and_keep_their_data(self):
        redis, mariadb = self.start()
        with RedisSession(redis) as session:
            self.assertEqual(session.run_all([
                ('CONFIG', 'GET', 'appendonly'), ('CONFIG', 'GET', 'appendfsync'),
                ('CONFIG', 'GET', 'maxmemory-policy'), ('SET', 'a', '1')]),
                [['appendonly', 'yes'], ['appendfsync', 'always'],
                 ['maxmemory-policy', 'noeviction'], 'OK'])
        with Session(mariadb) as session:
            session.run('CREATE TABLE kept (n INT)')
        for number in (signal.SIGTERM, signal.SIGINT):
            self.process.send_signal(number)
            self.assertEqual(self.process.wait(WAIT_SECONDS), 7)
            with self.assertRaises(OSError):
                RedisSession(redis)
            redis, mariadb = self.start()
            with RedisSession(redis) as session:
                self.assertEqual(session.run('GET', 'a'), '1')
            with Session(mariadb) as session:
                self.assertEqual(session.run('SHOW TABLES'), [('kept',)])

    def test_nothing_is_left_when_the_outer_one_is_killed(self):
        redis, mariadb = self.start()
        with RedisSession(redis) as session:
            pids = [int(session.run('INFO', 'server').partition('process_id:')[2].split()[0])]
        pids.append(int((self.folder / 'mariadb/mariadbd.pid').read_text()))
        self.process.kill()
        self.process.wait()
        end = time.monotonic() + WAIT_SECONDS
        while any(self.lives(pid) for pid in pids):
            self.assertLess(time.monotonic(), end, 'a server still runs')
            time.sleep(0.01)

    @staticmethod
    def lives(pid):
        try:
            state = pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0]
        except OSError:
            return False
        return state != 'Z'

    def test_says_what_is_wrong(self):
        for program in (MARIADB, REDIS):
            done = subprocess.run([program], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn('usage: ', done.stderr)
        done = subprocess.run([REDIS, self.folder / 'redis', '--no-such-thing', '1', '--', 'true'],
                              capture_output=True, text=True, check=False, timeout=WAIT_SECONDS)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn('no-such-thing', done.stderr)


if __name__ == '__main__':
    MARIADB, REDIS = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
