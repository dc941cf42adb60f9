#!/usr/bin/python3
"""The service on Redis and MySQL, with one of the three broken under load.

Usage: redis_faults_test.py [--seconds N] INVENTORY_SERVICE PRIVATE_MARIADB PROTOC PROTO_FILE
                            [unittest's arguments]

In each test callers do all that a caller can do (recorded_load.py), something breaks, and breaks
again until the time is over (--seconds; once, where it is 0, the default), and each time somebody
must be served again within a bound. What stayed unknown is then made again with the same ids. At
rest every answer is held against Redis and MySQL (ledger_check.py).
"""
import concurrent.futures
import contextlib
import itertools
import pathlib
import re
import signal
import sys
import tempfile
import threading
import time
import unittest

from callers import load_messages
from fault_proxy import FaultProxy
from ledger_check import CONFLICT, OK, RELEASED, UNKNOWN, check, read_stored
from mariadb import Mariadb
from recorded_load import BOOKS, TWINS, Caller, RecordedLoad
from redis_server import Redis, RedisError
from service import Service, WAIT_SECONDS, wait_for

SERVICE = MARIADB = PROTOC = PROTO = ''
SECONDS = 0           # that faults go on; 0: once
# After a fault has ended, somebody is served again. The short forms, which run beside other tests, are
# not held to the time.
SERVED_SECONDS = 60
ANSWERS = 150         # before a fault, and after it
REST_SECONDS = 60     # until the ledger has everything
MEMORY_KB = 400_000   # an instance has at most
DB = 1                # of Redis
# Where a rebuild can be cut short (store/redis/rebuild.cc).
REBUILD = ('rebuild_claimed', 'rebuild_closed', 'rebuild_drained', 'rebuild_handed_in',
           'rebuild_loaded', 'rebuild_next_epoch', 'rebuild_key_set')


def await_true(what, condition, seconds=WAIT_SECONDS):
    """Looks until condition() is true; how long that took."""
    begin = time.monotonic()
    while not condition():
        if time.monotonic() - begin > seconds:
            raise AssertionError(f'waited {seconds} s in vain until {what}')
        time.sleep(0.01)
    return time.monotonic() - begin


class RedisFaultsTest(unittest.TestCase):
    messages = None

    @classmethod
    def setUpClass(cls):
        cls.generated = tempfile.TemporaryDirectory(prefix='inventory-proto-')
        RedisFaultsTest.messages = RedisFaultsTest.messages or load_messages(
            PROTOC, PROTO, cls.generated.name)

    @classmethod
    def tearDownClass(cls):
        cls.generated.cleanup()

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='inventory-redis-')
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.instances, self.load, self.proxy, self.database = [], None, None, None
        self.moved_back = False

    # ---- the stage -------------------------------------------------------------------------------

    def begin_replica(self, number, port):
        """A replica of the server at that port."""
        replica = Redis(self.folder / f'replica{number}').start()
        self.addCleanup(lambda: replica.process.poll() is None and replica.kill())
        replica.ask('REPLICAOF', '127.0.0.1', port)
        await_true('the replica has caught up', lambda: 'master_link_status:up' in
                   replica.ask('INFO', 'replication'))
        return replica

    def begin(self, instances=1, proxy=False, replicas=0, books=(), ttl=3600, redis=None,
              **settings):
        """Servers, instances, and callers at work. `redis`: settings of the Redis server; others
        are settings of the service, as in the environment. `replicas`: the first follows Redis by
        self.link, each other the one before it. `books`: that are there and not sold."""
        self.redis = Redis(self.folder / 'redis', **(redis or {})).start()
        self.addCleanup(lambda server=self.redis: server.process.poll() is None and server.kill())
        if replicas:
            self.link = FaultProxy(self.redis.port, redis=False)
            self.addCleanup(self.link.close)
            self.replicas = [self.begin_replica(0, self.link.port)]
            for number in range(1, replicas):
                self.replicas.append(self.begin_replica(number, self.replicas[-1].port))
        self.database = Mariadb(MARIADB, self.folder / 'mariadb').start()
        self.addCleanup(lambda: self.database.process.poll() is None and self.database.kill())
        address = self.redis.address
        if proxy:
            self.proxy = FaultProxy(self.redis.port)
            self.addCleanup(self.proxy.close)
            address = self.proxy.address
        for number in range(instances):
            (self.folder / f'instance{number}').mkdir()
            service = Service(SERVICE, None, self.folder / f'instance{number}', 'redis')
            service.environment.update({
                'INVENTORY_DATABASE_DSN': self.database.dsn, 'INVENTORY_REDIS_ADDR': address,
                'INVENTORY_REDIS_DB': str(DB), 'INVENTORY_REDIS_IDEMPOTENCY_TTL': str(ttl),
                'INVENTORY_INVENTORY_SYNC_INTERVAL': '1',
                **{'INVENTORY_' + name.upper(): str(value) for name, value in settings.items()}})
            service.start()
            self.addCleanup(service.close)
            self.instances.append(service)
        self.service = self.instances[0]
        self.load = RecordedLoad(self.messages, [service.port for service in self.instances])
        print(f'\n{self.id().rpartition(".")[2]}: seed {self.load.seed}', flush=True)
        self.addCleanup(self.load.close)
        self.load.stock_up()
        with concurrent.futures.ThreadPoolExecutor(64) as pool:
            stocked = list(pool.map(lambda book: self.load.first.restock('there', book, 10), books))
        self.assertTrue(all(call.result == 'ok' for call in stocked))
        self.load.start()
        self.wait_for_answers()

    def ask(self, *words):
        """Redis, in the service's database."""
        with self.redis.session() as session:
            session.run('SELECT', DB)
            return session.run(*words)

    def wait_for_answers(self, count=ANSWERS, seconds=WAIT_SECONDS):
        """Until so many more calls have been answered with yes; how long that took."""
        wanted = self.load.answers() + count
        return await_true(f'{count} more calls are answered',
                          lambda: self.load.answers() >= wanted or self.load.errors, seconds)

    @contextlib.contextmanager
    def with_logs(self):
        """What goes wrong inside is told with what the instances said."""
        try:
            yield
        except AssertionError:
            for number, service in enumerate(self.instances):
                print(f'--- instance {number}\n{service.log[-4_000:]}', flush=True)
            raise

    def break_while_loaded(self, fault, served_within=0):
        """fault(), once or until the time is over, and each time somebody is served again."""
        end = time.monotonic() + SECONDS
        self.faults, longest = 0, 0.0
        with self.with_logs():
            while not self.faults or time.monotonic() < end:
                fault()
                self.faults += 1
                served = self.wait_for_answers(1, served_within or SERVED_SECONDS)
                longest = max(longest, served)
                self.wait_for_answers()
        print(f'  {self.faults} faults, somebody served again within {longest:.1f} s', flush=True)

    # ---- at rest ---------------------------------------------------------------------------------

    def at_rest(self):
        """Where the outbox ends, if the ledger has all of it and no reservation is overdue."""
        try:
            end = self.ask('HMGET', 'epoch', 'epoch', 'entries')
            due = self.ask('ZCOUNT', 'reservations:due', '-inf', str(int(time.time() * 1_000)))
        except (RedisError, OSError):
            return None
        rows = self.database.ask('SELECT epoch, applied FROM ledger_cursor WHERE bucket = 0')
        return end if due == 0 and rows == [tuple(end)] else None

    def read_at_rest(self):
        """What is stored, read while nothing moved: a reservation may expire at any time, and the
        rows must have had it before they are read."""
        stored = []

        def nothing_moved():
            before = self.at_rest()
            stored[:] = [read_stored(self.database, self.redis, DB)]
            return before and self.at_rest() == before

        await_true('nothing moves while it is read', nothing_moved, REST_SECONDS)
        return stored[0]

    def finish(self, may_lose=False):
        """Everybody has an answer; then all that was answered is held against what there is."""
        with self.with_logs():
            self.load.stop()
            settled = self.load.settle()
            rest = await_true('the ledger has everything', self.at_rest, REST_SECONDS)
            # Reconcile has been round since, so that what was edited by hand is put right.
            await_true('Redis and the rows agree', lambda: not self.differences(), REST_SECONDS)
            for service in self.instances:
                self.assertLess(service.memory_kb(), MEMORY_KB, 'I12: memory')
            stored = self.read_at_rest()
            print(f'  {self.load.answers()} answered with yes, {self.load.answers("refused")} '
                  f'refused, {self.load.answers("unknown")} not answered, {settled} settled '
                  f'afterwards; {sum(map(len, stored.logs.values()))} movements, '
                  f'{len(stored.losses)} reported as lost; at rest after {rest:.1f} s', flush=True)
            self.assertEqual(stored.quarantined, set())
            breaches = check(self.load.history, stored, TWINS, self.moved_back)
            if stored.losses and not may_lose:
                breaches.append(f'I5: {len(stored.losses)} are reported as lost')
            if breaches:
                self.tell_losses(stored)
                self.tell_orders(stored, re.findall(r'order (\d+)', ' '.join(breaches[:10])))
                self.fail(f'{len(breaches)} breaches, among them:\n' + '\n'.join(breaches[:10]))

    def tell_losses(self, stored):
        """Some of them, with all that is known of their orders."""
        rows = self.database.ask('SELECT epoch, book_id, order_id, change_type, quantity, reason,'
                                 ' found_at FROM ledger_losses LIMIT 5')
        for row in rows:
            print(f'  lost: {row}')
        self.tell_orders(stored, [row[2] for row in rows])

    def tell_orders(self, stored, orders):
        for order in dict.fromkeys(orders):
            for call in sorted(self.load.history, key=lambda call: call.sent):
                if str(call.order) == order:
                    print(f'    {call.sent:.4f} ({call.sent_ms:.1f} ms) to {call.answered:.4f} {call}:'
                          f' {call.result} {call.code} {"again " if call.duplicate else ""}'
                          f'{call.status} {call.details}')
            for movement in itertools.chain(*stored.logs.values()):
                if str(movement.order) == order:
                    print(f'    {movement}')

    def differences(self):
        stored = read_stored(self.database, self.redis, DB)
        return [book for book, row in stored.rows.items()
                if stored.redis[book] != row or stored.views[book] != row.available]


class ServiceFaults(RedisFaultsTest):
    def test_the_service_is_killed(self):
        self.begin()

        def kill():
            self.service.kill()
            self.service.start()

        self.break_while_loaded(kill)
        self.finish()

    def test_the_service_stops_and_starts(self):
        """What was accepted is finished: nobody is answered with INTERNAL, nothing is left over."""
        self.begin()

        def stop():
            self.assertEqual(self.service.stop(), 0, self.service.log)
            self.service.start()

        self.break_while_loaded(stop)
        self.finish()

    def test_an_instance_freezes(self):
        self.begin(instances=2)

        def freeze():
            process = self.instances[0].process
            process.send_signal(signal.SIGSTOP)
            try:
                end = time.monotonic() + (30 if SECONDS else 2)
                while time.monotonic() < end:
                    self.wait_for_answers(20, SERVED_SECONDS)
                _, before = self.ask('HMGET', 'epoch', 'epoch', 'entries')
                await_true('the other applies the outbox', lambda: int(self.database.ask(
                    'SELECT applied FROM ledger_cursor')[0][0]) >= int(before), 10)
            finally:
                process.send_signal(signal.SIGCONT)

        self.break_while_loaded(freeze)
        self.finish()

    def test_instances_are_killed_in_turn(self):
        self.begin(instances=2)

        def kill_one():
            service = self.instances[self.faults % 2]
            service.kill()
            self.wait_for_answers(20, SERVED_SECONDS)
            service.start()

        self.break_while_loaded(kill_one)
        self.finish()


class NamedPoints(RedisFaultsTest):
    """The service dies where dying is hardest, by itself (base/crash_point.h): for this class
    INVENTORY_SERVICE is the program that has such points."""

    def begin(self, **settings):
        self.points = self.folder / 'points'
        self.points.mkdir()
        super().begin(crash_points=self.points, redis_outbox_keep=1, **settings)

    def crash_at(self, point, because=lambda: None, others_serve=False):
        """One instance dies there, and is started again."""
        (self.points / point).touch()
        because()

        def has_died():
            return [each for each in self.instances if each.process.poll() is not None]

        await_true(f'an instance dies {point}', has_died)
        if others_serve:
            self.wait_for_answers(1, 2 * SERVED_SECONDS)  # a claim on a rebuild ends after a while
        for service in has_died():
            self.assertEqual(service.process.poll(), -signal.SIGKILL)
            service.kill()
            service.start()

    def crash_at_each(self, *points, because=lambda: None, others_serve=False):
        for point in points:
            with self.subTest(point):
                self.break_while_loaded(
                    lambda point=point: self.crash_at(point, because, others_serve),
                    2 * SERVED_SECONDS)
        self.finish()

    def test_at_work(self):
        self.begin()
        self.crash_at_each('after_script', 'in_transaction', 'after_commit', 'before_trim',
                           'after_expiry')

    def test_at_work_with_two_instances(self):
        self.begin(instances=2)
        self.crash_at_each('after_script', 'in_transaction', 'after_commit', 'before_trim',
                           'after_expiry', others_serve=True)

    def test_in_a_rebuild(self):
        """Of data that are all there: the dead instance knew nothing that the outbox does not."""
        self.begin()
        self.moved_back = True
        self.crash_at_each(*REBUILD, because=lambda: self.ask('DEL', 'epoch'))

    def test_in_a_rebuild_with_two_instances(self):
        self.begin(instances=2)
        self.moved_back = True
        self.crash_at_each(*REBUILD, because=lambda: self.ask('DEL', 'epoch'), others_serve=True)

    def test_in_a_rebuild_of_an_empty_redis(self):
        """Where what it knew has been handed in already."""
        self.begin()
        self.moved_back = True
        self.crash_at_each(*REBUILD[REBUILD.index('rebuild_handed_in'):],
                           because=lambda: self.ask('FLUSHALL'))


class RedisFaults(RedisFaultsTest):
    def test_redis_that_syncs_always_is_killed(self):
        self.begin(redis={'appendfsync': 'always'})

        def kill():
            self.redis.kill()
            self.redis.start()

        self.break_while_loaded(kill)
        self.finish()

    def cut_tail(self):
        """Off the newest file of the append-only log: what a second's power cut would forget."""
        [tail] = (self.redis.folder / 'appendonlydir').glob('*.incr.aof')
        size = tail.stat().st_size
        cut = min(size // 2, 60_000)
        with open(tail, 'r+b') as file:
            file.truncate(size - cut)
        return cut

    def test_redis_forgets_its_last_second(self):
        """The instance still knows what it was answered for, and hands it in: nothing is lost."""
        self.begin()
        self.moved_back = True

        def forget():
            self.redis.kill()
            self.assertGreater(self.cut_tail(), 1_000)
            self.redis.start()

        self.break_while_loaded(forget)
        self.finish()

    def test_an_older_copy_is_put_back(self):
        self.begin(redis={'appendonly': 'no'})
        self.moved_back = True
        dump, old = self.redis.folder / 'dump.rdb', self.redis.folder / 'old.rdb'

        def put_back():
            self.ask('SAVE')
            old.write_bytes(dump.read_bytes())
            self.wait_for_answers(2 * ANSWERS)
            self.redis.kill()
            dump.write_bytes(old.read_bytes())
            self.redis.start()

        self.break_while_loaded(put_back)
        self.finish()

    def test_everything_is_flushed(self):
        self.begin()
        self.moved_back = True
        self.break_while_loaded(lambda: self.redis.ask('FLUSHALL'))
        self.finish()

    def test_ten_thousand_books_are_flushed(self):
        self.begin(books=range(10_000, 20_000))
        self.moved_back = True
        self.break_while_loaded(lambda: self.redis.ask('FLUSHALL'))
        self.finish()

    def test_everything_is_flushed_with_two_instances(self):
        self.begin(instances=2)
        self.moved_back = True
        self.break_while_loaded(lambda: self.redis.ask('FLUSHALL'))
        self.finish()

    def test_everything_is_flushed_while_an_instance_stands_still(self):
        """What only that one knew is lost; and reported, unit for unit."""
        self.begin(instances=2)
        self.moved_back = True

        def flush():
            process = self.instances[1].process
            process.send_signal(signal.SIGSTOP)
            try:
                self.redis.ask('FLUSHALL')
                self.wait_for_answers(seconds=3 * SERVED_SECONDS)
            finally:
                process.send_signal(signal.SIGCONT)

        self.break_while_loaded(flush)
        self.finish(may_lose=True)

    def test_a_lost_sale_that_is_made_again_is_not_reported(self):
        """The instance that knew of it stands still while the store is rebuilt. When it looks, the
        sale has been made again elsewhere, and the ledger is about to have it."""
        self.begin(instances=2)
        self.load.stop()
        await_true('the ledger has everything', self.at_rest, REST_SECONDS)
        self.moved_back = True
        writer, other = sorted(self.instances, key=lambda service: 'writes the ledger' not in
                               service.log)
        nobody, caller = [Caller(self.messages, [service.port], self.load.first.dice)
                          for service in (other, writer)]
        for each in (nobody, caller):
            self.addCleanup(each.close)
        self.load.callers.append(caller)  # the other one is as if its answer had come too late
        order, book = next(self.load.orders), BOOKS[0]
        self.assertEqual(self.load.first.restock('more', book, 100).code, OK)
        await_true('the ledger has everything', self.at_rest, REST_SECONDS)

        writer.process.send_signal(signal.SIGSTOP)
        self.assertEqual(nobody.deduct(order, book, 3).result, 'ok')
        other.process.send_signal(signal.SIGSTOP)
        self.redis.ask('FLUSHALL')
        writer.process.send_signal(signal.SIGCONT)
        await_true('it is open again', lambda: 'is open epoch=2' in writer.log, 3 * SERVED_SECONDS)
        with self.database.session() as session:
            session.run('START TRANSACTION')
            session.run('SELECT 1 FROM ledger_cursor WHERE bucket = 0 FOR UPDATE')
            again = caller.deduct(order, book, 3)
            self.assertEqual((again.result, again.duplicate), ('ok', False))
            other.process.send_signal(signal.SIGCONT)
            await_true('it is open there', lambda: 'is open epoch=2' in other.log,
                       3 * SERVED_SECONDS)
            session.run('COMMIT')
        self.finish()

    def test_scripts_are_flushed(self):
        self.begin()
        self.break_while_loaded(lambda: self.ask('SCRIPT', 'FLUSH'))
        self.load.stop()
        self.assertEqual(self.load.answers('unknown'), 0, 'somebody has noticed')
        self.finish()

    def test_keys_disappear(self):
        self.begin()
        self.moved_back = True
        for key in (f'stock:{BOOKS[0]}', f'book:{BOOKS[1]}', 'epoch', 'outbox', 'reservations:due'):
            with self.subTest(key):
                self.break_while_loaded(lambda key=key: self.ask('DEL', key))
        self.finish()

    def told(self, text):
        """How many callers were told this."""
        return sum(text in call.details for call in self.load.history)

    def spoil(self, key):
        """Another program's list is where this key was."""
        with self.redis.session() as session:
            session.run('SELECT', DB)
            session.run_all([('MULTI',), ('DEL', key), ('LPUSH', key, 'x'), ('EXEC',)])

    def test_books_become_something_else(self):
        """They are made again from the ledger."""
        self.begin()
        self.moved_back = True
        for key in (f'stock:{BOOKS[0]}', f'book:{BOOKS[1]}'):
            with self.subTest(key):
                self.break_while_loaded(lambda key=key: self.spoil(key))
        self.finish()

    def test_other_keys_become_something_else(self):
        """What is another program's is not thrown away: it is told, and left to a person."""
        self.begin()
        self.moved_back = True
        for key in ('epoch', 'outbox', 'reservations:due'):
            with self.subTest(key):
                def spoil(key=key):
                    before = self.told('another type')
                    self.spoil(key)
                    await_true('callers are told', lambda: self.told('another type') > before)
                    self.ask('DEL', key)
                self.break_while_loaded(spoil)
        self.finish()

    def test_stock_is_edited_by_hand(self):
        self.begin()
        self.moved_back = True

        def edit():
            self.ask('SET', f'stock:{BOOKS[0]}', '5')
            self.ask('SET', f'stock:{BOOKS[1]}', 'many')
            self.ask('HSET', f'book:{BOOKS[2]}', 'available', '3')

        self.break_while_loaded(edit)
        self.finish()

    def refused_for_a_while(self, begin, end):
        """While it lasts nobody is told anything but that it is not known; then all goes on."""
        def fault():
            begin()
            try:
                unknown = self.load.answers('unknown')
                await_true('somebody has noticed',
                           lambda: self.load.answers('unknown') > unknown + 3)
            finally:
                end()
        self.break_while_loaded(fault)

    def test_redis_is_full(self):
        self.begin()
        self.refused_for_a_while(lambda: self.ask('CONFIG', 'SET', 'maxmemory', '1'),
                                 lambda: self.ask('CONFIG', 'SET', 'maxmemory', '0'))
        self.finish()

    def test_redis_becomes_a_replica(self):
        self.begin()
        self.moved_back = True
        self.refused_for_a_while(lambda: self.ask('REPLICAOF', '127.0.0.1', '1'),
                                 lambda: self.ask('REPLICAOF', 'NO', 'ONE'))
        self.finish()

    def test_redis_pauses(self):
        self.begin()
        self.break_while_loaded(lambda: self.ask('CLIENT', 'PAUSE', '4000', 'ALL'),
                                served_within=4 + SERVED_SECONDS)
        self.finish()

    def test_redis_is_busy(self):
        self.begin(redis={'busy-reply-threshold': '50'})

        def never_end():
            with contextlib.suppress(RedisError):  # killed
                self.redis.ask('EVAL', 'while true do end', '0')

        def be_busy():
            thread = threading.Thread(target=never_end)
            thread.start()
            time.sleep(1)  # what a slow script takes
            self.redis.ask('SCRIPT', 'KILL')
            thread.join()

        self.break_while_loaded(be_busy)
        self.finish()

    def promote(self):
        """The replica is what the service finds at its address from now on."""
        self.replicas[0].ask('REPLICAOF', 'NO', 'ONE')
        self.redis = self.replicas[0]
        self.proxy.server_port = self.redis.port

    def test_a_lagging_replica_is_promoted(self):
        """The instance hands in what the replica never got."""
        self.begin(proxy=True, replicas=1)
        self.moved_back = True
        self.link.refuse()
        self.wait_for_answers(2 * ANSWERS)
        self.redis.kill()
        self.promote()
        self.wait_for_answers(seconds=SERVED_SECONDS)
        self.finish()

    def test_a_lagging_replica_is_promoted_and_the_instance_is_gone(self):
        """With wait_replicas nobody was told yes of what the replica never got."""
        self.begin(proxy=True, replicas=2, redis_wait_replicas=1)
        self.moved_back = True
        self.link.refuse()
        unknown = self.load.answers('unknown')
        await_true('what no replica has is not known',
                   lambda: self.load.answers('unknown') > unknown + 20)
        self.redis.kill()
        self.service.kill()
        self.promote()
        self.service.start()
        self.wait_for_answers(seconds=SERVED_SECONDS)
        self.finish()


class NetworkFaults(RedisFaultsTest):
    def cut(self, fault):
        self.begin(proxy=True)

        def cut():
            self.proxy.plan(fault, 'EVALSHA', 20)
            self.assertTrue(self.proxy.happened(WAIT_SECONDS))

        self.break_while_loaded(cut)
        self.finish()

    def test_cut_before_a_command_arrives(self):
        self.cut('before')

    def test_cut_before_the_answer(self):
        self.cut('after')

    def test_cut_in_the_middle_of_an_answer(self):
        self.cut('middle')

    def test_an_answer_that_never_comes(self):
        self.cut('hang')

    def test_redis_is_out_of_reach(self):
        self.begin(proxy=True)

        def part():
            self.proxy.refuse()
            unknown = self.load.answers('unknown')
            await_true('somebody has noticed', lambda: self.load.answers('unknown') > unknown + 3)
            self.proxy.accept()

        self.break_while_loaded(part)
        self.finish()

    def test_a_slow_network(self):
        self.begin(proxy=True)

        def slow():
            self.proxy.delay(0.05)
            self.wait_for_answers(20)
            self.proxy.delay(0)

        self.break_while_loaded(slow)
        self.finish()


class DatabaseFaults(RedisFaultsTest):
    def test_the_database_is_killed(self):
        """Sales go on, and their rows come later."""
        self.begin()

        def kill():
            self.database.kill()
            end = time.monotonic() + (min(SECONDS, 60) or 2)
            while time.monotonic() < end:
                self.wait_for_answers(20, SERVED_SECONDS)
            self.database.start()

        self.break_while_loaded(kill)
        self.finish()

    def test_the_database_and_the_service_are_killed(self):
        self.begin()

        def kill():
            self.database.kill()
            self.wait_for_answers(20, SERVED_SECONDS)
            self.service.kill()
            self.service.launch()
            self.database.start()
            wait_for('it is ready', lambda: ' ready ' in self.service.log, self.service.process)

        self.break_while_loaded(kill, served_within=3 * SERVED_SECONDS)
        self.finish()

    def test_flushed_while_the_database_is_away(self):
        """Nothing is sold while it is not known what there is; then nothing has been lost."""
        self.begin()
        self.moved_back = True

        def both():
            self.database.kill()
            self.wait_for_answers(20, SERVED_SECONDS)
            self.redis.ask('FLUSHALL')
            self.database.start()

        self.break_while_loaded(both, served_within=3 * SERVED_SECONDS)
        self.finish()


class ForgottenOrders(RedisFaultsTest):
    """Redis forgets an order after a while; the service does not."""

    TTL = 2

    def setUp(self):
        super().setUp()
        self.begin(ttl=self.TTL)
        self.load.stop()
        self.caller = Caller(self.messages, [self.service.port], self.load.first.dice)
        self.addCleanup(self.caller.close)
        self.load.callers.append(self.caller)

    def forget(self, *keys):
        await_true('Redis has forgotten', lambda: not self.ask('EXISTS', *keys), 10 * self.TTL)

    def expect(self, call, code, duplicate=False):
        self.assertEqual((call.result if call.result == 'unknown' else call.code, call.duplicate),
                         (code, duplicate), f'{call} {call.status} {call.details}')
        return call

    def forgotten_life(self, order):
        book = BOOKS[0]
        marker, back = f'deduct:stock:{book}:{order}', f'release:stock:{book}:{order}'
        self.expect(self.caller.deduct(order, book, 3), OK)
        self.assertEqual(self.ask('EXISTS', marker), 1)
        self.forget(marker)
        self.expect(self.caller.deduct(order, book, 3), OK, duplicate=True)
        self.expect(self.caller.deduct(order, book, 2), CONFLICT)
        self.forget(marker)
        self.expect(self.caller.release(order, book, 3), OK)
        self.forget(marker, back)
        self.expect(self.caller.deduct(order, book, 3), RELEASED)
        self.expect(self.caller.release(order, book, 3), OK, duplicate=True)

    def test_a_life_of_an_order_with_a_growing_id(self):
        self.forgotten_life(next(self.load.orders))
        self.finish()

    def test_a_life_of_an_order_with_any_id(self):
        self.forgotten_life(self.load.first.dice.randrange(1 << 40))
        self.finish()

    def test_a_release_that_comes_late(self):
        order, book = next(self.load.orders), BOOKS[0]
        self.expect(self.caller.deduct(order, book, 3), OK)
        self.forget(f'deduct:stock:{book}:{order}')
        self.expect(self.caller.release(order, book, 3), OK)
        self.expect(self.caller.release(order, book, 3), OK, duplicate=True)
        self.finish()

    def test_a_request_id_that_comes_late(self):
        book = BOOKS[0]
        self.expect(self.caller.restock('once', book, 5), OK)
        self.forget(f'request:{book}:once')
        self.expect(self.caller.restock('once', book, 5), OK, duplicate=True)
        self.expect(self.caller.restock('once', book, 6), 40904)
        self.finish()

    def test_the_database_is_away_meanwhile(self):
        """Longer than Redis remembers: a release is not refused, and returns the units."""
        order, book = next(self.load.orders), BOOKS[0]
        self.expect(self.caller.deduct(order, book, 3), OK)
        await_true('the ledger has it', self.at_rest, REST_SECONDS)
        self.database.kill()
        self.forget(f'deduct:stock:{book}:{order}')
        call = self.caller.release(order, book, 3)
        self.assertIn(call.status, UNKNOWN, f'{call}: {call.code}')
        self.database.start()
        await_true('the release is answered',
                   lambda: self.caller.repeat(call).result == 'ok', 3 * SERVED_SECONDS)
        self.assertTrue(self.caller.repeat(call).duplicate)
        self.finish()


if __name__ == '__main__':
    WORDS = sys.argv[1:]
    if WORDS[:1] == ['--seconds']:
        SECONDS, SERVED_SECONDS, WORDS = float(WORDS[1]), 10, WORDS[2:]
    SERVICE, MARIADB, PROTOC, PROTO = WORDS[:4]
    unittest.main(argv=sys.argv[:1] + WORDS[4:])
