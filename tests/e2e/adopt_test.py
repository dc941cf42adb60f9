#!/usr/bin/python3
"""The service takes over what the earlier Go service has in Redis and MySQL, and is killed while it
does; then the stock goes to the mysql store and back.

Usage: adopt_test.py INVENTORY_SERVICE INVENTORYCTL PRIVATE_MARIADB [unittest's arguments]
"""
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time
import unittest

from mariadb import Mariadb
from redis_server import Redis
from service import Service, WAIT_SECONDS, wait_for

SERVICE = INVENTORYCTL = MARIADB = ''
DB = 1  # of Redis
BOOKS = 20_000
DONE, FAULT = 0, 3  # exit statuses of inventoryctl
GO_TABLES = (
    'CREATE TABLE inventory.inventory (book_id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY,'
    ' stock BIGINT NOT NULL, locked_stock BIGINT NOT NULL, total_stock BIGINT NOT NULL)',
    'CREATE TABLE inventory.inventory_logs (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY,'
    ' book_id BIGINT UNSIGNED, change_type VARCHAR(20), quantity BIGINT, order_id BIGINT UNSIGNED)',
    "INSERT INTO inventory.inventory VALUES (1, 7, 0, 7), (2, 50, 0, 50)")


class AdoptTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='inventory-adopt-')
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.redis = Redis(self.folder / 'redis').start()
        self.addCleanup(self.redis.kill)
        self.database = Mariadb(MARIADB, self.folder / 'mariadb').start()
        self.addCleanup(self.database.kill)
        self.service = Service(SERVICE, None, self.folder, 'redis')
        self.service.environment.update({
            'INVENTORY_DATABASE_DSN': self.database.dsn, 'INVENTORY_REDIS_DB': str(DB),
            'INVENTORY_REDIS_ADDR': self.redis.address})

    def redis_all(self, commands):
        with self.redis.session() as session:
            return session.run_all([('SELECT', DB), *commands])[1:]

    def launch(self, store='redis'):
        self.service.store = store
        self.service.launch()
        wait_for('it listens', lambda: ' port=' in self.service.log, self.service.process)
        self.service.port = int(self.service.log.partition(' port=')[2].split()[0])
        self.addCleanup(self.service.close)

    def tool(self, *words, expected=DONE):
        done = subprocess.run([INVENTORYCTL, '--server', self.service.target, *words],
                              capture_output=True, text=True, check=False, timeout=WAIT_SECONDS)
        self.assertEqual(done.returncode, expected, f'{words}\n{done.stdout}{done.stderr}')
        return done.stdout + done.stderr

    def wait_until_ready(self):
        wait_for('it serves', lambda: ' ready ' in self.service.log, self.service.process)

    def fill_redis(self):
        """Stock of so many books, each of them sold to an order just now."""
        self.redis_all([('SET', f'stock:{book}', book % 100) for book in range(1, BOOKS + 1)])
        self.redis_all([('SET', f'deduct:stock:{book}:{1000 + book}', '1', 'EX', 3600)
                        for book in range(1, BOOKS + 1)])

    def count(self, sql):
        return [[int(value) for value in row] for row in self.database.ask(sql)]

    def assert_whole(self):
        units = sum(book % 100 for book in range(1, BOOKS + 1))
        self.assertEqual(self.count('SELECT COUNT(*), SUM(stock) FROM inventory.inventory'),
                         [[BOOKS, units]])
        self.assertEqual(self.count('SELECT COUNT(*), COUNT(DISTINCT book_id) FROM'
                                    ' inventory.order_lines'), [[BOOKS, BOOKS]])
        # Book 2's row said 50, and nothing else is there twice.
        self.assertEqual(self.count('SELECT COUNT(*), SUM(change_type=8) FROM'
                                    ' inventory.inventory_logs WHERE order_id IS NULL'),
                         [[BOOKS + 2, BOOKS // 100 + 2]])

    def test_is_killed_again_and_again_and_adopts_once(self):
        self.fill_redis()
        for statement in GO_TABLES:
            self.database.ask(statement)
        seed = random.randrange(1 << 30)
        print(f'seed {seed}', flush=True)
        pauses = random.Random(seed)
        kills = 0
        for _ in range(8):
            self.launch()
            with subprocess.Popen([INVENTORYCTL, '--server', self.service.target, 'adopt'],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
                time.sleep(pauses.uniform(0.02, 1.5))
                self.service.kill()
                kills += 1
            if self.database.ask("SHOW TABLES FROM inventory LIKE 'redis_epochs'") and self.count(
                    'SELECT COUNT(*) FROM inventory.redis_epochs') != [[0]]:
                break
        print(f'{kills} kills', flush=True)
        self.launch()
        if ' ready ' not in self.service.log:
            deadline = time.monotonic() + WAIT_SECONDS
            while 'nothing to take over' not in self.tool_says('adopt'):
                self.assertLess(time.monotonic(), deadline, self.service.log[-2_000:])
        self.wait_until_ready()
        self.assert_whole()
        self.tool('deduct', '7', '3', '--order', '1007')
        self.assertEqual(self.stock_of(7), 7)
        self.assertIn('nothing to take over', self.tool('adopt', expected=FAULT))

    def tool_says(self, *words):
        done = subprocess.run([INVENTORYCTL, '--server', self.service.target, *words],
                              capture_output=True, text=True, check=False, timeout=WAIT_SECONDS)
        return done.stdout + done.stderr

    def stock_of(self, book):
        return json.loads(self.tool('get', str(book), '--json'))['stock']

    def test_adopts_and_hands_over_and_back(self):
        self.redis_all([('SET', 'stock:1', '95'), ('SET', 'stock:2', '0'),
                        ('SET', 'deduct:stock:1:1001', '1', 'EX', 3600)])
        self.launch()
        wait_for('it waits', lambda: 'inventoryctl adopt' in self.service.log, self.service.process)
        self.assertIn('inventoryctl adopt', self.tool('get', '1', expected=FAULT))
        seen = json.loads(self.tool('adopt', '--dry-run', '--json'))
        self.assertEqual((seen['books'], seen['units'], seen['orderLines']), ('2', '95', '1'))
        self.assertEqual(self.redis_all([('EXISTS', 'epoch')]), [0])
        self.assertIn('unknown quantities', self.tool('adopt'))
        self.wait_until_ready()
        self.tool('deduct', '1', '5', '--order', '1001')
        self.assertEqual(self.stock_of(1), 95)
        self.tool('deduct', '1', '5', '--order', '1002')

        for to, back in (('mysql', 90), ('redis', 85)):
            self.assertIn(f'store: {to}', self.tool('handover', '--to', to, '--yes'))
            self.assertIn(f'write store: {to}', self.tool('get', '1', expected=FAULT))
            self.assertEqual(self.service.stop(), 0)
            self.launch(to)
            self.wait_until_ready()
            self.tool('deduct', '1', '5', '--order', '1001')
            self.tool('deduct', '1', '5', '--order', '1002')
            self.assertEqual(self.stock_of(1), back)
            self.tool('deduct', '1', '5', '--order', str(back))
        self.assertEqual(self.stock_of(1), 80)
        self.assertEqual(self.service.stop(), 0)


if __name__ == '__main__':
    SERVICE, INVENTORYCTL, MARIADB = sys.argv[1:4]
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]], verbosity=2)
