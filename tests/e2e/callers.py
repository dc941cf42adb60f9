"""Callers that do all a caller can do, and everything held against what they saw.

Two hundred sell, reserve, confirm, cancel, return and restock, each call made again with the same
content until it is answered, some calls twice at the same time. Where there are several instances
every attempt goes to any of them. The orders and logs that the service then holds must agree with
every answer it gave:

  I1, I2  in every figure read                 I3, I8  from the logs
  I4      one effect a line and verb           I5      what was answered is there
  I6      what was refused is not              I7      a reservation ends once, whole, never early
  I10     the same content, the same code      I13     two books only ever reserved together agree
"""
import asyncio
import collections
import importlib
import itertools
import pathlib
import random
import re
import subprocess
import sys
import typing

import grpc

CALLERS = 200
BOOKS = range(1, 6)
TWINS = (101, 102)  # only ever reserved together, in equal numbers
QUIET = 201  # sold only when nobody else is about
ALL_BOOKS = [*TWINS, *BOOKS, QUIET]
SHORT_TTL, LONG = 1, 86_400  # seconds a reservation is held: over within a run, and not
OK, SHORT, EXPIRED = 0, 40100, 40903
CHANNEL_OPTIONS = [('grpc.initial_reconnect_backoff_ms', 20), ('grpc.min_reconnect_backoff_ms', 20),
                   ('grpc.max_reconnect_backoff_ms', 100)]


class Answer(typing.NamedTuple):
    response: typing.Any
    sent: int      # when the attempt that was answered was made, and
    received: int  # when its answer was: numbers of the client's events

    @property
    def code(self):
        return self.response.code


class Client:
    """Makes each call until it is answered, or until `ending`; of one instance or several."""

    def __init__(self, messages, *ports):
        self.messages = messages
        self.channels = [grpc.aio.insecure_channel(f'127.0.0.1:{port}', options=CHANNEL_OPTIONS)
                         for port in ports]
        self.methods = {}
        self.events = itertools.count()
        self.answered = self.unanswered = 0
        self.ending = False

    async def make(self, name, **fields):
        """The Answer to a call."""
        if name not in self.methods:
            self.methods[name] = [channel.unary_unary(
                f'/inventory.v1.InventoryService/{name}',
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=getattr(self.messages, name + 'Response').FromString)
                for channel in self.channels]
        request = getattr(self.messages, name + 'Request')(**fields)
        said = collections.Counter()
        for _ in range(3000):
            sent = next(self.events)
            try:
                response = await random.choice(self.methods[name])(request, timeout=10)
                self.answered += 1
                return Answer(response, sent, next(self.events))
            except grpc.aio.AioRpcError as error:
                if self.ending or error.code() not in (grpc.StatusCode.UNAVAILABLE,
                                                       grpc.StatusCode.DEADLINE_EXCEEDED):
                    raise
                self.unanswered += 1
                said[error.details()] += 1
                await asyncio.sleep(0.02)
        raise AssertionError(f'{name} {fields} was never answered: {said.most_common(5)}')

    async def close(self):
        for channel in self.channels:
            await channel.close()

    async def call(self, name, **fields):
        return (await self.make(name, **fields)).response

    async def twice(self, name, on_first=None, **fields):
        """The same call twice at the same time; on_first() is awaited when one of them is answered.
        The better response."""
        calls = [asyncio.create_task(self.make(name, **fields)) for _ in range(2)]
        if on_first:
            await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
            await on_first()
        first, second = sorted(await asyncio.gather(*calls), key=lambda answer: answer.received)
        passed = name == 'ReserveStock' and second.code == EXPIRED
        expect(first.code != OK or second.sent < first.received or passed or
               is_duplicate(second.response),
               f'I5: {name} {fields} was answered; again: {second.code} {second.response.message}')
        one, two = sorted((first, second), key=lambda answer: answer.code)
        # Between them stock may have come back, or the reservation may have passed.
        expect(one.code == two.code or one.code == OK and two.code in (SHORT, EXPIRED),
               f'I10: {name} {fields}: {one.code} and {two.code}')
        return one.response

    async def change(self, dice, name, **fields):
        """The same, sometimes twice at the same time."""
        return await (self.twice if dice.random() < 0.3 else self.call)(name, **fields)


def is_duplicate(response):
    return response.code == OK and response.message.endswith('（幂等性）')


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


class Order:
    """What a caller knows of its order."""

    def __init__(self, number):
        self.number = number
        self.effects = collections.Counter()  # (book, verb) -> 1, as answered
        self.refused = set()                  # (book, verb)
        self.quantities = {}                  # book -> units
        self.deadline = self.ttl = None

    def note(self, book, verb, code, quantity):
        self.quantities[book] = quantity
        if code == OK:
            self.effects[book, verb] = 1
        else:
            self.refused.add((book, verb))


class Load:
    def __init__(self, client, seed):
        self.client = client
        self.dice = random.Random(seed)
        self.orders = {}
        self.restocks = {}  # request id -> (book, quantity)
        self.next_order = 1000
        self.stopping = False

    async def stock_up(self, units):
        for book in ALL_BOOKS:
            answer = await self.client.call('RestockInventory', book_id=book, quantity=units,
                                            request_id='first')
            expect(answer.code == OK, 'stocking the books')

    async def run_while(self, disturb):
        """All callers at work until disturb() has ended, and then until each has its answer."""
        self.stopping = False
        tasks = [asyncio.create_task(self.run_caller()) for _ in range(CALLERS)]
        tasks.append(asyncio.create_task(self.watch()))
        disturbance = asyncio.create_task(disturb())
        try:
            # A caller that saw something wrong ends the wait.
            done, _ = await asyncio.wait([disturbance, *tasks],
                                         return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            self.stopping = True
            await asyncio.gather(*tasks)
        except Exception:
            # With calls in flight grpc.aio would not let the program end.
            self.stopping = self.client.ending = True
            await asyncio.gather(disturbance, *tasks, return_exceptions=True)
            raise

    def new_order(self):
        self.next_order += 1
        return self.orders.setdefault(self.next_order, Order(self.next_order))

    async def run_caller(self):
        while not self.stopping:
            await self.dice.choice((self.sell, self.sell, self.reserve, self.reserve_twins,
                                    self.restock))()

    async def sell(self):
        order, book, units = self.new_order(), self.dice.choice(BOOKS), self.dice.randint(1, 3)
        answer = await self.client.change(self.dice, 'DeductStock', book_id=book, quantity=units,
                                          order_id=order.number)
        expect(answer.code in (OK, SHORT), f'a deduct came to {answer.code} {answer.message}')
        order.note(book, 'deduct', answer.code, units)
        expect(answer.remaining_stock >= 0, f'I1: {answer}')
        if answer.code != OK:
            return
        if self.dice.random() < 0.3:
            again = await self.client.call('DeductStock', book_id=book, quantity=units,
                                           order_id=order.number)
            expect(is_duplicate(again),
                   f'I10: order {order.number} again: {again.code} {again.message}')
        if self.dice.random() < 0.4:
            back = await self.client.change(self.dice, 'ReleaseStock', book_id=book,
                                            order_id=order.number, quantity=units)
            expect(back.code == OK, f'I5: order {order.number} was sold; back: {back.code}')
            order.note(book, 'release', OK, units)

    async def sell_quietly(self, crash):
        """One order sent twice, with nobody else about, and crash() on the first answer. The second
        is decided in a batch of its own, which changes nothing but rests on the first's."""
        order, units = self.new_order(), self.dice.randint(1, 3)
        fields = {'book_id': QUIET, 'quantity': units, 'order_id': order.number}
        answer = await self.client.twice('DeductStock', on_first=crash, **fields)
        expect(answer.code == OK, f'a deduct came to {answer.code} {answer.message}')
        order.note(QUIET, 'deduct', OK, units)
        again = await self.client.call('DeductStock', **fields)
        expect(is_duplicate(again), f'I5: order {order.number} was answered; again: {again.code} '
                                    f'{again.message}')

    async def reserve(self):
        books = self.dice.sample(BOOKS, self.dice.randint(1, 3))
        await self.hold({book: self.dice.randint(1, 3) for book in books})

    async def reserve_twins(self):
        units = self.dice.randint(1, 3)
        await self.hold({book: units for book in TWINS})

    async def hold(self, units):
        order, ttl = self.new_order(), self.dice.choice((SHORT_TTL, LONG))
        order.ttl = ttl
        lines = [{'book_id': book, 'quantity': n} for book, n in units.items()]
        answer = await self.client.change(self.dice, 'ReserveStock', order_id=order.number,
                                          lines=lines, ttl_seconds=ttl)
        # Its retry may come after its deadline.
        expect(answer.code in (OK, SHORT) or ttl == SHORT_TTL and answer.code == EXPIRED,
               f'a reserve came to {answer.code} {answer.message}')
        if answer.code == EXPIRED:
            return
        for book, n in units.items():
            order.note(book, 'reserve', answer.code, n)
        if answer.code != OK:
            return
        order.deadline = answer.expires_at_ms
        verb = self.dice.choice(('confirm', 'cancel', 'leave'))
        if verb == 'leave':
            return
        name = 'ConfirmReservation' if verb == 'confirm' else 'CancelReservation'
        end = await self.client.change(self.dice, name, order_id=order.number)
        expect(end.code == OK or ttl == SHORT_TTL and end.code == EXPIRED,
               f'I5: order {order.number} was reserved; {verb}: {end.code} {end.message}')
        for book, n in units.items():
            order.note(book, verb, end.code, n)

    async def restock(self):
        book, units = self.dice.choice(BOOKS), self.dice.randint(1, 6)
        request_id = f'r{len(self.restocks)}'
        self.restocks[request_id] = book, units
        answer = await self.client.change(self.dice, 'RestockInventory', book_id=book,
                                          quantity=units, request_id=request_id)
        expect(answer.code == OK, f'a restock came to {answer.code}')

    async def watch(self):
        """Reads beside the load: figures add up, twins agree."""
        while not self.stopping:
            stocks = (await self.client.call('BatchGetStock', book_ids=[*TWINS, *BOOKS])).stocks
            for stock in stocks:
                expect(stock.stock >= 0 and stock.locked_stock >= 0, f'I1: {stock}')
                expect(stock.total_stock == stock.stock + stock.locked_stock, f'I2: {stock}')
            one, two = stocks[:2]
            expect((one.stock, one.locked_stock) == (two.stock, two.locked_stock),
                   f'I13: a reader saw half an order: {one} {two}')
            await asyncio.sleep(0.002)


async def read_log(client, book):
    """A book's movements, oldest first."""
    logs, token = [], ''
    while True:
        page = await client.call('GetInventoryLogs', book_id=book, page_size=100, page_token=token)
        expect(page.code == OK, f'the log of book {book}: {page.code}')
        logs += page.logs
        token = page.next_page_token
        if not token:
            return logs[::-1]


def check_log(book, log, stock):
    """I3 and I8; the signs of I1 come with them."""
    available = locked = 0
    for number, m in enumerate(log, 1):
        expect(m.sequence == number, f'I8: book {book} has a gap before {m}')
        expect(m.before_stock == available, f'I8: {m} does not follow {available}')
        gain = {'deduct': -1, 'reserve': -1, 'confirm': 0}.get(m.change_type, 1) * m.quantity
        expect(m.after_stock == available + gain, f'I3: {m}')
        held = {'reserve': 1, 'confirm': -1, 'cancel': -1, 'expire': -1}.get(m.change_type, 0)
        expect(m.locked_after == locked + held * m.quantity, f'I3: {m}')
        available, locked = m.after_stock, m.locked_after
        expect(available >= 0 and locked >= 0, f'I1: {m}')
    expect((stock.stock, stock.locked_stock) == (available, locked), f'I3: {stock}')


def check_orders(load, logs):
    effects = collections.defaultdict(list)  # (order, book) -> movements
    for log in logs.values():
        for m in log:
            if m.order_id:
                effects[m.order_id, m.book_id].append(m)
    possible = re.compile('deduct( release)?|reserve( (confirm|cancel|expire))?')
    for (number, book), movements in effects.items():
        verbs = ' '.join(m.change_type for m in movements)
        expect(possible.fullmatch(verbs), f'I4: order {number} book {book} went through {verbs}')
        order = load.orders[number]
        for m in movements:
            expect(m.quantity == order.quantities.get(book, m.quantity), f'I4: {m}')
            expect(m.change_type != 'expire' or order.deadline is None or
                   m.created_at_ms >= order.deadline, f'I7: expired early: {m}')
    for order in load.orders.values():
        ends = set()
        for book in order.quantities:
            done = {m.change_type: m.created_at_ms for m in effects[order.number, book]}
            for known, verb in order.effects:
                expect(known != book or verb in done,
                       f'I5: order {order.number} book {book}: {verb} was answered and is gone')
            for known, verb in order.refused:
                expect(known != book or verb not in done,
                       f'I6: order {order.number} book {book}: {verb} was refused and is there')
            ends.add(next(((v, t) for v, t in done.items() if v in ('confirm', 'cancel', 'expire')),
                          None))
        expect(len(ends) <= 1, f'I7: order {order.number} did not end as a whole: {ends}')
    restocks = collections.Counter(m.request_id for log in logs.values() for m in log
                                   if m.change_type == 'restock' and m.request_id in load.restocks)
    for request_id in load.restocks:
        expect(restocks[request_id] == 1, f'I5: restock {request_id}: {restocks[request_id]} times')


async def wait_for_expiry(client, load, books):
    """Until only what was reserved for long, and never ended, is locked."""
    held = collections.Counter()
    for order in load.orders.values():
        for book, units in order.quantities.items():
            ended = {(book, 'confirm'), (book, 'cancel')} & order.effects.keys()
            if (book, 'reserve') in order.effects and not ended and order.ttl == LONG:
                held[book] += units
    for _ in range(300):
        stocks = (await client.call('BatchGetStock', book_ids=books)).stocks
        if all(stock.locked_stock == held[stock.book_id] for stock in stocks):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f'I7: of {held} this is locked after half a minute: {stocks}')


async def check(client, load):
    """All of the load has been answered, and nobody is about. How many movements there are."""
    await wait_for_expiry(client, load, ALL_BOOKS)
    logs = {book: await read_log(client, book) for book in ALL_BOOKS}
    stocks = (await client.call('BatchGetStock', book_ids=ALL_BOOKS)).stocks
    for book, stock in zip(ALL_BOOKS, stocks):
        check_log(book, logs[book], stock)
    check_orders(load, logs)
    return sum(len(log) for log in logs.values())


def load_messages(protoc, proto, folder):
    """The message classes, generated into the folder."""
    root = pathlib.Path(proto).parents[2]
    subprocess.run([protoc, '-I', root, '--python_out', folder, proto], check=True)
    sys.path.insert(0, folder)
    return importlib.import_module('inventory.v1.inventory_pb2')


