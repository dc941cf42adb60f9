#!/usr/bin/python3
"""The earlier service's own config.yaml, byte for byte, on the servers it names: Redis and MariaDB
on their usual ports, with its passwords. Then the eight checks, and what redis-cli shows of them.

Usage: origin_config_test.py INVENTORY_SERVICE INVENTORYCTL PRIVATE_MARIADB ORIGIN_CONFIG
                             [unittest's arguments]

The ports may be taken on this machine, so all of it runs in a network namespace of its own.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import eight_checks_test
import own_network
from mariadb import Mariadb
from redis_server import Redis
from service import ServiceTest, wait_for

CONFIG = ''
DATABASE_ARGUMENTS = '--skip-networking=0', '--bind-address=127.0.0.1', '--port=3306'
HOUR = 3_600
# After the eight checks: the type of each key, and how long it lives in seconds. A request's id is
# inventoryctl's own; hold:<instance> comes and goes.
FOR_EVER = -1
DUMP = {'stock:1': ('string', FOR_EVER), 'stock:2': ('string', FOR_EVER),
        'stock:3': ('string', FOR_EVER),
        'book:1': ('hash', FOR_EVER), 'book:2': ('hash', FOR_EVER), 'book:3': ('hash', FOR_EVER),
        'release:stock:1:1001': ('string', HOUR),
        'request:1:*': ('string', HOUR), 'request:2:*': ('string', HOUR),
        'request:3:*': ('string', HOUR),
        'deduct:stock:2:2001': ('string', HOUR), 'deduct:stock:2:2002': ('string', HOUR),
        'deduct:stock:2:2003': ('string', HOUR),
        'epoch': ('hash', FOR_EVER), 'outbox': ('stream', FOR_EVER)}


class OriginService:
    """The service, started with that file and nothing else."""

    target = '127.0.0.1:9004'

    def __init__(self, folder):
        self.folder = folder
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith('INVENTORY_')}
        with open(folder / 'service.log', 'wb') as out:
            self.process = subprocess.Popen([ServiceTest.programs[0], '--config', CONFIG],
                                            cwd=folder, env=environment, stdout=out, stderr=out)
        wait_for('it is ready', lambda: ' ready ' in self.log, self.process)

    @property
    def log(self):
        return (self.folder / 'service.log').read_text(errors='replace')

    def close(self):
        self.process.kill()
        self.process.wait()


class OriginConfig(eight_checks_test.ThroughInventoryctl):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='inventory-origin-')
        self.addCleanup(folder.cleanup)
        folder = pathlib.Path(folder.name)
        self.database = Mariadb(self.mariadb, folder / 'mariadb', *DATABASE_ARGUMENTS).start()
        self.addCleanup(self.database.kill)
        for statement in ('CREATE DATABASE inventory_db',
                          "ALTER USER 'root'@'127.0.0.1' IDENTIFIED BY 'root123'"):
            self.database.ask(statement)
        self.redis = Redis(folder / 'redis')
        self.redis.port = 6379
        self.redis.start()
        self.addCleanup(self.redis.kill)
        self.redis.ask('CONFIG', 'SET', 'requirepass', 'redis123')
        self.service = OriginService(folder)
        self.addCleanup(self.service.close)

    def redis_cli(self, *words):
        """What it prints of database 1 to a program: a line an item."""
        done = subprocess.run(['redis-cli', '-p', '6379', '-a', 'redis123', '--no-auth-warning',
                               '-n', '1', *words], capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    def test_eight_checks(self):
        super().test_eight_checks()
        with self.subTest('the store is said'):
            self.assertRegex(self.service.log, r' ready store=redis ')
        with self.subTest('passwords are not shown'):
            self.assertNotRegex(self.service.log, 'root123|redis123')
        with self.subTest('redis-cli, key by key'):
            keys = {re.sub(r'^(request:\d+:).*', r'\1*', key): key
                    for key in self.redis_cli('KEYS', '*') if not key.startswith('hold:')}
            self.assertEqual(sorted(keys), sorted(DUMP))
            for pattern, (kind, ttl) in DUMP.items():
                key = keys[pattern]
                self.assertEqual(self.redis_cli('TYPE', key), [kind], key)
                left = int(self.redis_cli('TTL', key)[0])
                if ttl == FOR_EVER:
                    self.assertEqual(left, ttl, key)
                else:
                    self.assertTrue(ttl - 600 < left <= ttl, f'{key}: {left}')
            self.assertEqual([self.redis_cli('GET', f'stock:{book}') for book in (1, 2, 3)],
                             [['100'], ['20'], ['200']])
        with self.subTest('the ledger has it'):
            logs = 'SELECT COUNT(*) FROM inventory_db.inventory_logs'
            wait_for('all is written', lambda: self.database.ask(logs) == [('8',)])
            self.assertEqual(self.database.ask('SELECT book_id, stock, locked_stock, total_stock'
                                               ' FROM inventory_db.inventory ORDER BY book_id'),
                             [('1', '100', '0', '100'), ('2', '20', '0', '20'),
                              ('3', '200', '0', '200')])


if __name__ == '__main__':
    own_network.enter()
    ServiceTest.programs = sys.argv[1], None
    eight_checks_test.INVENTORYCTL, ServiceTest.mariadb = sys.argv[2:4]
    CONFIG = pathlib.Path(sys.argv[4]).resolve()
    unittest.main(argv=sys.argv[:1] + sys.argv[5:], verbosity=2)
