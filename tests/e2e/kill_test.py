#!/usr/bin/python3
"""kill -9 under mixed load, again and again; then everything is held against what the callers saw.

Usage: kill_test.py INVENTORY_SERVICE PROTOC PROTO_FILE [--cycles N] [--seed N] [--expect-breach]
                    [--forgetful-disk LIBRARY]
                    [--store mysql --mariadb PRIVATE_MARIADB [--forgetful-server]]

The callers and the invariants are callers.py's. In each cycle something is killed and started again
twice: in the middle of the load, and, when all is quiet, on the first answer to an order that was
sent twice.

Store embedded: the service is killed. kill -9 leaves the page cache, so a missing fsync cannot show
on the machine's disk, and an answer that leaves before its batch is written hardly ever: the kill
would have to fall into microseconds. So every other cycle puts forgetful_disk_preload.cc under the
service: a kill there loses all that was not synced, and a sync takes long enough to be killed in.

Store mysql: the service, its database server, or both at once; the seed decides. Where only the
server is killed the service lives on, with transactions whose outcome it has to find out.
--forgetful-server: a server that writes what it committed only once a second, so a kill -9 of it
forgets answered sales; only the server is killed.

--expect-breach is for what has a fault in it: the forgetful disk in every cycle, and success only
when an answer is seen to be forgotten (I5 or I10).
"""
import argparse
import asyncio
import pathlib
import random
import re
import sys
import tempfile

from callers import Client, Load, check, expect, load_messages
from mariadb import Mariadb, SqlError
from service import Service

LOAD_SECONDS = 0.7
UNITS = 3000  # a book is stocked with


class Embedded:
    """The service, killed; `disks`: the environments that it runs in by turns."""

    def __init__(self, program, folder, disks):
        self.service = Service(program, None, folder, 'embedded')
        self.disks, self.cycle = disks, 0
        self.service.environment = disks[0]
        self.service.start()

    def begin_cycle(self):
        self.service.environment = self.disks[self.cycle % len(self.disks)]
        self.cycle += 1

    def crash(self):
        """What was killed, and runs again."""
        self.service.kill()
        self.service.start()
        return 'service'

    def tell(self):
        """What is worth knowing when something was wrong."""
        print(self.service.log[-2_000:], flush=True)

    def close(self):
        self.service.close()


class OverMysql:
    """The service and its database server, killed as the dice fall."""

    def __init__(self, program, folder, mariadb, forgetful, dice):
        self.database = Mariadb(mariadb, pathlib.Path(folder, 'mariadb')).start()
        self.service = Service(program, None, folder, 'mysql')
        self.service.environment['INVENTORY_DATABASE_DSN'] = self.database.dsn
        self.forgetful, self.dice = forgetful, dice
        self.victims = ('server',) if forgetful else ('service', 'server', 'both')
        self.service.start()

    def begin_cycle(self):
        if self.forgetful:  # from now on: the tables and the first stock are safe
            self.database.ask('SET GLOBAL innodb_flush_log_at_trx_commit=0')

    def crash(self):
        """What was killed, and runs again."""
        victim = self.dice.choice(self.victims)
        if victim != 'server':
            self.service.kill()
        if victim != 'service':
            self.database.kill()
        if victim == 'both':
            self.service.launch()  # and waits for its database
        if victim != 'service':
            self.database.start()
        if victim == 'service':
            self.service.start()
        return victim

    def tell(self):
        """What is worth knowing when something was wrong."""
        print(self.service.log[-2_000:], self.database.log[-4_000:], sep='\n', flush=True)
        try:
            differing = self.database.ask(
                'SELECT book_id, inventory.sequence, stock, locked_stock, COUNT(*),'
                ' MAX(inventory_logs.sequence) FROM inventory LEFT JOIN inventory_logs'
                ' USING (book_id) GROUP BY book_id HAVING COUNT(*) != inventory.sequence'
                ' OR MAX(inventory_logs.sequence) != inventory.sequence')
            print('books whose row and log differ:', differing, flush=True)
            for table in 'inventory', 'inventory_logs':
                print(self.database.ask(f'CHECK TABLE {table} EXTENDED'), flush=True)
        except SqlError as error:
            print(f'the database says nothing of it: {error}', flush=True)

    def close(self):
        self.service.close()
        self.database.kill()


async def run_cycle(machine, load, seconds):
    """Killed under load; then, once every caller has its answer, on the answer to a quiet order.
    What was killed."""
    victims = []

    async def crash():
        victims.append(await asyncio.to_thread(machine.crash))

    async def crash_under_load():
        await asyncio.sleep(seconds)
        await crash()

    await load.run_while(crash_under_load)
    await load.sell_quietly(crash)
    return victims


async def kill_again_and_again(machine, client, arguments, dice):
    load = Load(client, dice.randrange(2**32))
    await load.stock_up(UNITS)
    for cycle in range(arguments.cycles):
        machine.begin_cycle()
        victims = await run_cycle(machine, load, LOAD_SECONDS * dice.uniform(0.5, 1.5))
        print(f'cycle {cycle + 1}: killed {" and ".join(victims)}; {client.answered} answers so '
              f'far', flush=True)
    movements = await check(client, load)
    print(f'{client.answered} answers to {len(load.orders)} orders, {client.unanswered} calls left '
          f'unanswered, {movements} movements, {2 * arguments.cycles} kills: all as it must be')
    expect(client.unanswered > 0, 'no call was in flight when something was killed')


async def run(machine, messages, arguments, dice):
    client = Client(messages, machine.service.port)
    try:
        await kill_again_and_again(machine, client, arguments, dice)
    finally:
        await client.close()


def make_machine(arguments, folder, dice):
    if arguments.store == 'mysql':
        return OverMysql(arguments.service, folder, arguments.mariadb, arguments.forgetful_server,
                         dice)
    disks = [{'LD_PRELOAD': arguments.forgetful_disk} if arguments.forgetful_disk else {}]
    if not arguments.expect_breach:
        disks.append({})
    return Embedded(arguments.service, folder, disks)


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument('service')
    parser.add_argument('protoc')
    parser.add_argument('proto')
    parser.add_argument('--store', choices=('embedded', 'mysql'), default='embedded')
    parser.add_argument('--cycles', type=int, default=3)
    parser.add_argument('--seed', type=int, default=None)
    parser.add_argument('--forgetful-disk', metavar='LIBRARY')
    parser.add_argument('--mariadb', metavar='PROGRAM')
    parser.add_argument('--forgetful-server', action='store_true')
    parser.add_argument('--expect-breach', action='store_true')
    arguments = parser.parse_args()
    if (arguments.store == 'mysql') != bool(arguments.mariadb):
        parser.error('--store mysql and --mariadb go together')
    return arguments


def main():
    arguments = parse_arguments()
    seed = random.randrange(2**32) if arguments.seed is None else arguments.seed
    print(f'seed {seed}', flush=True)
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix='inventory-kill-') as folder:
        messages = load_messages(arguments.protoc, arguments.proto, folder)
        machine = make_machine(arguments, folder, dice)
        try:
            asyncio.run(run(machine, messages, arguments, dice))
        except AssertionError as error:
            if not (arguments.expect_breach and re.match('(I5|I10): ', str(error))):
                machine.tell()
                raise
            print(f'seen, as it must be: {error}')
        else:
            if arguments.expect_breach:
                sys.exit('no answer was seen to be forgotten')
        finally:
            machine.close()


if __name__ == '__main__':
    main()
