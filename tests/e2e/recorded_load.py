"""Callers who do all a caller can do, from several threads, and note everything: for ledger_check.

Each attempt is a Call of the history, answered or not. What stays unknown is not made again while the
load runs, so that a fault shows; settle() then makes it again, with the same ids, until it is known.
"""
import itertools
import random
import threading
import time

import grpc

from ledger_check import OK, UNKNOWN, Call

TWINS = (101, 102)       # only ever reserved together, in equal numbers
BOOKS = range(1, 6)      # the last one is scarce
ALL_BOOKS = [*TWINS, *BOOKS]
UNITS, FEW = 1_000_000, 50
SHORT_TTL, LONG = 1, 86_400  # seconds a reservation is held
CALL_SECONDS = 2
PAUSE_SECONDS = 0.2      # of a caller that was not answered
METHODS = {'deduct': 'DeductStock', 'release': 'ReleaseStock', 'restock': 'RestockInventory',
           'adjust': 'AdjustStock', 'reserve': 'ReserveStock', 'confirm': 'ConfirmReservation',
           'cancel': 'CancelReservation', 'get': 'BatchGetStock'}
FIGURE = {'deduct': 'remaining_stock', 'release': 'current_stock', 'restock': 'current_stock',
          'adjust': 'current_stock'}
CHANNEL_OPTIONS = [('grpc.initial_reconnect_backoff_ms', 20), ('grpc.min_reconnect_backoff_ms', 20),
                   ('grpc.max_reconnect_backoff_ms', 100), ('grpc.use_local_subchannel_pool', 1)]


def read_answer(call, response):
    """What the response says, into the call."""
    call.code = response.code
    call.result = 'ok' if response.code == OK else 'refused'
    call.duplicate = response.code == OK and response.message.endswith('（幂等性）')
    if call.verb == 'get':
        call.figures = {stock.book_id: (stock.stock, stock.locked_stock, stock.total_stock,
                                        stock.sequence) for stock in response.stocks}
    elif call.verb in FIGURE:
        call.figures = {call.lines[0][0]: getattr(response, FIGURE[call.verb])}
    elif call.verb == 'reserve':
        call.deadline_ms = response.expires_at_ms


class Caller:
    """Of one thread: makes calls and keeps them. It has an instance of its own, the first of the
    ports, and repeats its calls on any."""

    def __init__(self, messages, ports, dice):
        self.messages, self.dice, self.history = messages, dice, []
        self.channels = [grpc.insecure_channel(f'127.0.0.1:{port}', options=CHANNEL_OPTIONS)
                         for port in ports]
        self.methods = [{verb: channel.unary_unary(
            f'/inventory.v1.InventoryService/{name}',
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=getattr(messages, name + 'Response').FromString)
            for verb, name in METHODS.items()} for channel in self.channels]

    def close(self):
        for channel in self.channels:
            channel.close()

    def attempt(self, call, request, methods=None):
        """One attempt; the call, which says what it came to."""
        method = (methods or self.methods[0])[call.verb]
        call.sent, call.sent_ms = time.monotonic(), time.time() * 1_000
        try:
            response = method(request, timeout=CALL_SECONDS)
            call.answered = time.monotonic()
            read_answer(call, response)
        except grpc.RpcError as error:
            call.status, call.details = error.code().name, error.details()
        self.history.append(call)
        call.request = request
        return call

    def repeat(self, call):
        """The same once more."""
        return self.attempt(Call(call.verb, call.lines, call.order, call.request_id), call.request,
                            self.dice.choice(self.methods))

    # ---- the calls -------------------------------------------------------------------------------

    def deduct(self, order, book, quantity):
        return self.attempt(Call('deduct', ((book, quantity),), order),
                            self.messages.DeductStockRequest(book_id=book, quantity=quantity,
                                                             order_id=order))

    def release(self, order, book, quantity):
        return self.attempt(Call('release', ((book, quantity),), order),
                            self.messages.ReleaseStockRequest(book_id=book, quantity=quantity,
                                                              order_id=order))

    def restock(self, request_id, book, quantity):
        return self.attempt(Call('restock', ((book, quantity),), request_id=request_id),
                            self.messages.RestockInventoryRequest(
                                book_id=book, quantity=quantity, request_id=request_id))

    def adjust(self, request_id, book, delta):
        return self.attempt(Call('adjust', ((book, abs(delta)),), request_id=request_id),
                            self.messages.AdjustStockRequest(book_id=book, delta=delta,
                                                             request_id=request_id))

    def reserve(self, order, lines, ttl):
        request = self.messages.ReserveStockRequest(order_id=order, ttl_seconds=ttl)
        for book, quantity in lines:
            request.lines.add(book_id=book, quantity=quantity)
        return self.attempt(Call('reserve', lines, order), request)

    def end(self, verb, order, lines):
        """confirm or cancel"""
        request = getattr(self.messages, METHODS[verb] + 'Request')(order_id=order)
        return self.attempt(Call(verb, lines, order), request)

    def get(self, books):
        return self.attempt(Call('get', tuple((book, 0) for book in books)),
                            self.messages.BatchGetStockRequest(book_ids=books))


class RecordedLoad:
    """Several callers at work, each in a thread."""

    def __init__(self, messages, ports, threads=8, seed=None):
        self.seed = random.randrange(2**32) if seed is None else seed
        dice = random.Random(self.seed)
        # Orders of other runs on the same stock are others; and growing, as an auto-increment gives.
        self.orders = itertools.count(int(time.time() * 1_000) << 16)
        self.requests = itertools.count(self.seed << 32)
        self.callers = [Caller(messages, ports[i % len(ports):] + ports[:i % len(ports)],
                               random.Random(dice.randrange(2**32))) for i in range(threads)]
        self.first = Caller(messages, ports, dice)
        self.stopping, self.threads, self.errors = threading.Event(), [], []

    @property
    def history(self):
        return [call for caller in (self.first, *self.callers) for call in list(caller.history)]

    def answers(self, result='ok'):
        """How many calls have come to this."""
        return sum(call.result == result for call in self.history)

    def stock_up(self):
        for book in ALL_BOOKS:
            call = self.first.restock(f'first-{self.seed}', book,
                                      FEW if book == BOOKS[-1] else UNITS)
            assert call.result == 'ok', f'{call}: {call.code} {call.status} {call.details}'

    def start(self):
        self.stopping.clear()
        self.threads = [threading.Thread(target=self.run, args=(caller,))
                        for caller in self.callers]
        for thread in self.threads:
            thread.start()

    def stop(self):
        """Until each caller has its answer, or has not."""
        self.stopping.set()
        self.join()

    def join(self):
        for thread in self.threads:
            thread.join()
        if self.errors:
            raise self.errors[0]

    def close(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        for caller in (self.first, *self.callers):
            caller.close()

    def run(self, caller):
        try:
            while not self.stopping.is_set():
                if not self.one(caller):
                    self.stopping.wait(PAUSE_SECONDS)
        except Exception as error:  # pylint: disable=broad-exception-caught
            self.errors.append(error)
            raise

    def new_order(self, dice):
        """Most grow, some are anything."""
        return next(self.orders) if dice.random() < 0.8 else dice.randrange(1, 1 << 50)

    def one(self, caller):
        """What a customer does. Whether all of it was answered."""
        kind = caller.dice.choice(('sell', 'sell', 'sell', 'hold', 'twins', 'look', 'shelve'))
        calls = list(getattr(self, kind)(caller))
        return all(call.result != 'unknown' for call in calls)

    def sell(self, caller):
        dice = caller.dice
        order, book = self.new_order(dice), dice.choice(BOOKS)
        quantity = dice.randint(1, 3)
        call = caller.deduct(order, book, quantity)
        yield call
        if dice.random() < 0.2:
            yield caller.repeat(call)
        if call.result == 'ok' and dice.random() < 0.4:
            yield caller.release(order, book, quantity)

    def hold(self, caller):
        books = caller.dice.sample(BOOKS, caller.dice.randint(1, 3))
        yield from self.reserve(caller, [(book, caller.dice.randint(1, 3)) for book in books])

    def twins(self, caller):
        quantity = caller.dice.randint(1, 3)
        yield from self.reserve(caller, [(book, quantity) for book in TWINS])

    def reserve(self, caller, lines):
        order, lines = self.new_order(caller.dice), tuple(lines)
        call = caller.reserve(order, lines, caller.dice.choice((SHORT_TTL, LONG)))
        yield call
        verb = caller.dice.choice(('confirm', 'cancel', 'leave'))
        if call.result == 'ok' and verb != 'leave':
            call = caller.end(verb, order, lines)
            yield call
            if caller.dice.random() < 0.2:
                yield caller.repeat(call)

    def look(self, caller):
        yield caller.get(caller.dice.sample(ALL_BOOKS, len(ALL_BOOKS)))

    def shelve(self, caller):
        request_id, book = f'r{next(self.requests)}', caller.dice.choice(BOOKS)
        if caller.dice.random() < 0.5:
            call = caller.restock(request_id, book, caller.dice.randint(1, 6))
        else:
            call = caller.adjust(request_id, book, caller.dice.choice((-2, -1, 1, 2)))
        yield call
        if caller.dice.random() < 0.2:
            yield caller.repeat(call)

    def settle(self, seconds=60):
        """Makes what is unknown again, until it is known. How many there were."""
        last = {}
        for call in sorted(self.history, key=lambda call: call.sent):
            if call.verb != 'get':
                last[call.intent] = call
        unknown = [call for call in last.values() if call.result == 'unknown']
        end = time.monotonic() + seconds

        def make_known(caller, calls):
            for call in calls:
                while (again := caller.repeat(call)).result == 'unknown':
                    if again.status not in UNKNOWN or time.monotonic() > end:
                        self.errors.append(AssertionError(
                            f'{again} is still unknown after {seconds} s: {again.status} '
                            f'{again.details}'))
                        return
                    self.stopping.wait(PAUSE_SECONDS)

        count = len(self.callers)
        self.stopping.clear()
        self.threads = [threading.Thread(target=make_known, args=(caller, unknown[i::count]))
                        for i, caller in enumerate(self.callers)]
        for thread in self.threads:
            thread.start()
        self.join()
        return len(unknown)
