#!/usr/bin/python3
"""Two instances of the service on one database: both at work, and one of them frozen in the middle
of a transaction.

Usage: two_instances_test.py INVENTORY_SERVICE INVENTORY_BENCH PRIVATE_MARIADB PROTOC PROTO_FILE
                             [unittest's arguments]

The callers and the invariants are callers.py's; every attempt goes to either instance.
"""
import asyncio
import contextlib
import json
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from callers import BOOKS, OK, Client, Load, check, check_log, expect, load_messages, read_log
from mariadb import Mariadb
from service import Service, ServiceTest, WAIT_SECONDS

PROTOC, PROTO = '', ''
UNITS = 1_000_000        # enough for every sale
SOLD_AGAIN_SECONDS = 10  # after the other instance froze
FREEZES = 100            # until one falls into a transaction
# information_schema shows InnoDB's transactions as they were up to 0.1 s ago.
LOOK_SECONDS = 0.15
LOOKS = 8
# Transactions of a user that hold a book for which another user's waits, and that nobody works at:
# the server waits for the next statement of a session that is asleep.
HELD = '''
SELECT blocking.trx_id, locks.lock_data
FROM information_schema.innodb_lock_waits waits
JOIN information_schema.innodb_locks locks ON locks.lock_id = waits.requested_lock_id
JOIN information_schema.innodb_trx blocking ON blocking.trx_id = waits.blocking_trx_id
JOIN information_schema.innodb_trx waiting ON waiting.trx_id = waits.requesting_trx_id
JOIN information_schema.processlist holder ON holder.id = blocking.trx_mysql_thread_id
JOIN information_schema.processlist waiter ON waiter.id = waiting.trx_mysql_thread_id
WHERE locks.lock_table = '`inventory`.`inventory`' AND holder.user = '{holder}'
  AND waiter.user = '{waiter}' AND holder.command = 'Sleep' AND blocking.trx_state = 'RUNNING'
'''


class TwoInstancesTest(ServiceTest):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='inventory-e2e-')
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.database = Mariadb(self.mariadb, self.folder / 'db').start()
        self.addCleanup(self.database.kill)
        self.messages = load_messages(PROTOC, PROTO, str(self.folder))
        self.instances = {name: self.start_instance(name) for name in ('one', 'other')}

    def start_instance(self, name):
        """As the database's user of that name, so that its transactions are known by it."""
        self.database.ask(f'CREATE USER {name}')
        self.database.ask(f'GRANT ALL ON inventory.* TO {name}')
        folder = self.folder / name
        folder.mkdir()
        service = Service(*self.programs, folder, 'mysql')
        service.environment['INVENTORY_DATABASE_DSN'] = self.database.dsn_of(name)
        self.addCleanup(service.close)
        service.start()
        return service

    def held_books(self, holder, waiter):
        """(transaction, book) of those that `waiter` waits for."""
        rows = self.database.ask(HELD.format(holder=holder, waiter=waiter))
        # The lock's data are the key's value: the book, for supremum a word.
        return {(trx, int(data)) for trx, data in rows if data.isdigit() and int(data) in BOOKS}

    async def find_held_book(self, holder, waiter):
        """A book that the frozen `holder` keeps from `waiter`; None if there is none. What is seen
        in two looks cannot be from before the freeze."""
        before = set()
        for _ in range(LOOKS):
            await asyncio.sleep(LOOK_SECONDS)
            now = await asyncio.to_thread(self.held_books, holder, waiter)
            if stays := before & now:
                return min(book for _, book in stays)
            before = now
        return None

    @contextlib.asynccontextmanager
    async def frozen_inside(self, holder, waiter):
        """SIGSTOP for one instance while it is inside a transaction that the other waits for.
        (When, which book.) It goes on at the end of the context."""
        process = self.instances[holder].process
        try:
            for tries in range(1, FREEZES + 1):
                process.send_signal(signal.SIGSTOP)
                frozen = time.monotonic()
                book = await self.find_held_book(holder, waiter)
                if book is not None:
                    print(f'{holder} froze inside a transaction with book {book}, try {tries}',
                          flush=True)
                    yield frozen, book
                    return
                process.send_signal(signal.SIGCONT)
                await self.sell(holder, self.dice.choice(BOOKS))  # it works again
            raise AssertionError(f'{FREEZES} freezes, and none inside a transaction')
        finally:
            process.send_signal(signal.SIGCONT)

    async def sell(self, instance, book):
        """One unit of the book through this instance."""
        client = Client(self.messages, self.instances[instance].port)
        try:
            order = self.load.new_order()
            answer = await client.call('DeductStock', book_id=book, quantity=1,
                                       order_id=order.number)
            expect(answer.code == OK, f'a deduct came to {answer.code} {answer.message}')
            order.note(book, 'deduct', OK, 1)
        finally:
            await client.close()

    async def freeze_and_thaw(self, holder, waiter):
        async with self.frozen_inside(holder, waiter) as (frozen, book):
            left = frozen + SOLD_AGAIN_SECONDS - time.monotonic()
            try:
                await asyncio.wait_for(self.sell(waiter, book), left)
            except asyncio.TimeoutError:
                raise AssertionError(f'book {book} is not sold {SOLD_AGAIN_SECONDS} s after '
                                     f'{holder} froze') from None
            print(f'{waiter} sold it {time.monotonic() - frozen:.1f} s after that', flush=True)
        await asyncio.wait_for(self.sell(holder, book), WAIT_SECONDS)

    async def run_load(self):
        client = Client(self.messages, *(service.port for service in self.instances.values()))
        seed = random.randrange(2**32)
        print(f'seed {seed}', flush=True)
        self.dice = random.Random(seed)
        self.load = Load(client, seed)
        try:
            await self.load.stock_up(UNITS)

            async def freeze_each():
                await self.freeze_and_thaw('one', 'other')
                await self.freeze_and_thaw('other', 'one')

            await self.load.run_while(freeze_each)
            movements = await check(client, self.load)
            print(f'{client.answered} answers to {len(self.load.orders)} orders, '
                  f'{client.unanswered} calls left unanswered, {movements} movements', flush=True)
        finally:
            await client.close()

    def test_an_instance_that_freezes_gives_its_book_back(self):
        asyncio.run(self.run_load())

    async def check_logs(self, books):
        client = Client(self.messages, self.instances['one'].port)
        try:
            for stock in (await client.call('BatchGetStock', book_ids=books)).stocks:
                check_log(stock.book_id, await read_log(client, stock.book_id), stock)
        finally:
            await client.close()

    def test_a_load_on_both(self):
        targets = ','.join(service.target for service in self.instances.values())
        done = subprocess.run(
            [self.programs[1], 'mixed', '--address', targets, '--books', '1000', '--popularity',
             'zipf', '--first-book', '1', '--warm-up', '0', '--seconds', '1', '--json'],
            capture_output=True, text=True, check=False, timeout=2 * WAIT_SECONDS)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn('1 connection to each of 2 instances', json.loads(done.stdout)['what'])
        # The names of an instance's writers follow each other.
        batches = [int(row[1]) for row in self.database.ask(
            'SELECT writer DIV 256, SUM(batch) FROM writers GROUP BY 1')]
        self.assertEqual(len(batches), 2)
        self.assertGreater(min(batches), 10, 'one of them had next to nothing to do')
        asyncio.run(self.check_logs([*range(1, 6), 1000]))


if __name__ == '__main__':
    ServiceTest.programs = sys.argv[1:3]
    ServiceTest.mariadb, PROTOC, PROTO = sys.argv[3:6]
    unittest.main(argv=sys.argv[:1] + sys.argv[6:])
