"""Holds what callers were told against what Redis and MySQL then contain: the redis store's invariants.

check() answers with every breach it finds, a text each, that begins with the invariant's number:

  I1   no figure is negative                    I2   total = available + locked
  I3   each movement does what its type says    I4   one effect a line and verb, for ever
  I5   what was answered with yes is there, or is reported as lost, unit for unit
  I6   what was refused is not there            I7   a reservation ends once, whole, never early
  I8   a book's movements have no gap           I9   Redis = the rows = what the log adds up to
  I10  the same content, the same code          I11  each book's history is linearizable
  I13  nobody saw half an order                 I14  what is unknown is no refusal, and no refusal false

I12, that the backlog drains by itself and memory stays bounded, is for who waits until it is at rest.
"""
import bisect
import collections
import dataclasses
import math
import re

OK, SHORT, REUSED = 0, 40100, 40904
CONFLICT, RELEASED, EXPIRED = 40901, 40902, 40903
# What a call may come to that is no yes: of a caller who does nothing wrong.
REFUSALS = {'deduct': {SHORT, CONFLICT, RELEASED}, 'release': {CONFLICT, RELEASED, 40001},
            'restock': {40101, REUSED}, 'adjust': {SHORT, 40101, REUSED, 40905},
            'reserve': {SHORT, CONFLICT, RELEASED, EXPIRED},
            'confirm': {40402, CONFLICT, RELEASED, EXPIRED},
            'cancel': {40402, CONFLICT, RELEASED, EXPIRED}, 'get': {40401}}
# gRPC statuses that say "I do not know", or "not now".
UNKNOWN = {'UNAVAILABLE', 'DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED', 'CANCELLED'}
LIVES = re.compile('deduct( release)?|reserve( (confirm( release)?|cancel|expire))?')
# What a retry of a verb comes to when another has moved its order on.
LATER = {'deduct': {'release': {RELEASED}},
         'reserve': {'confirm': {CONFLICT, RELEASED}, 'cancel': {RELEASED}}}
ENDS = ('confirm', 'cancel', 'expire')


@dataclasses.dataclass
class Call:
    """One attempt of a caller. `sent` and `answered` are of one clock, in any unit."""
    verb: str                   # deduct release restock adjust reserve confirm cancel get
    lines: tuple                # of (book, quantity)
    order: int = 0
    request_id: str = ''        # of restock and adjust
    sent: float = 0
    sent_ms: float = 0          # the same by the clock of movements
    answered: float = math.inf  # never
    result: str = 'unknown'     # ok, refused, unknown
    code: int = OK
    duplicate: bool = False     # "done before"
    status: str = ''            # where it is unknown: gRPC's, and what it said
    details: str = ''
    deadline_ms: int = 0        # a reserve was told
    # What the answer says of books: book -> available, of a get (available, locked, total, sequence)
    figures: dict = dataclasses.field(default_factory=dict)

    @property
    def intent(self):
        """What all attempts at the same thing have in common. Other content is another thing."""
        return self.verb, self.order, self.request_id, self.lines

    def __str__(self):
        what = f'order {self.order}' if self.order else f'request {self.request_id!r}'
        lines = ', '.join(f'{quantity} of book {book}' for book, quantity in self.lines)
        return f'{self.verb} {what} ({lines})'


@dataclasses.dataclass
class Movement:
    book: int
    sequence: int
    verb: str
    quantity: int
    before: int
    after: int
    locked_after: int
    order: int = 0
    request_id: str = ''
    time_ms: int = 0

    def __str__(self):
        return (f'book {self.book} movement {self.sequence}: {self.verb} {self.quantity}, '
                f'{self.before} to {self.after}, order {self.order}')


@dataclasses.dataclass
class Balance:
    available: int
    locked: int
    sequence: int


@dataclasses.dataclass
class Stored:
    """What is in the two servers, at rest."""
    rows: dict = dataclasses.field(default_factory=dict)   # book -> Balance
    logs: dict = dataclasses.field(default_factory=dict)   # book -> [Movement], by sequence
    redis: dict = dataclasses.field(default_factory=dict)  # book -> Balance, None: nothing there
    views: dict = dataclasses.field(default_factory=dict)  # book -> what stock:… says
    totals: dict = dataclasses.field(default_factory=dict)  # book -> total_stock of its row
    losses: list = dataclasses.field(default_factory=list)  # (book, order, verb, found at, ms)
    quarantined: set = dataclasses.field(default_factory=set)  # books


def read_stored(database, redis, db=0):
    """Stored, from a Mariadb and a Redis."""
    stored = Stored()
    with database.session() as session:
        for book, stock, locked, total, sequence in session.run(
                'SELECT book_id, stock, locked_stock, total_stock, sequence FROM inventory'):
            stored.rows[int(book)] = Balance(int(stock), int(locked), int(sequence))
            stored.totals[int(book)] = int(total)
        for book, *numbers, verb, request_id, time_ms in session.run(
                'SELECT book_id, sequence, quantity, before_stock, after_stock, locked_after,'
                ' COALESCE(order_id, 0), change_type, COALESCE(request_id, ""),'
                ' CAST(UNIX_TIMESTAMP(created_at) * 1000 AS SIGNED)'
                ' FROM inventory_logs ORDER BY book_id, sequence'):
            sequence, quantity, before, after, locked, order = map(int, numbers)
            stored.logs.setdefault(int(book), []).append(Movement(
                int(book), sequence, verb, quantity, before, after, locked, order, request_id,
                int(time_ms)))
        stored.losses = [(int(book), int(order), verb, int(found_ms))
                         for book, order, verb, found_ms in session.run(
                             'SELECT book_id, COALESCE(order_id, 0), change_type,'
                             ' CAST(UNIX_TIMESTAMP(found_at) * 1000 AS SIGNED)'
                             ' FROM ledger_losses')]
        stored.quarantined = {int(book) for [book] in session.run(
            'SELECT DISTINCT book_id FROM ledger_quarantine')}
    books = sorted(stored.rows)
    with redis.session() as session:
        session.run('SELECT', db)
        hashes = session.run_all([('HMGET', f'book:{book}', 'available', 'locked', 'sequence')
                                  for book in books])
        views = session.run_all([('GET', f'stock:{book}') for book in books])
    for book, figures, view in zip(books, hashes, views):
        stored.redis[book] = None if None in figures else Balance(*map(int, figures))
        stored.views[book] = None if view is None else int(view)
    return stored


def check(history, stored, twins=(), moved_back=False):
    """The breaches, as texts. `history`: every Call. `twins`: books only ever changed together.
    `moved_back`: Redis lost data and was loaded again, so a book's movements may have got other
    numbers than readers saw, and what was lost is gone: reads are not held against the log."""
    return Check(history, stored, twins, moved_back).run()


class Check:
    def __init__(self, history, stored, twins, moved_back):
        self.history, self.stored, self.twins, self.moved_back = history, stored, twins, moved_back
        self.breaches = []
        self.intents = collections.defaultdict(list)  # intent -> its calls, as sent
        for call in sorted(history, key=lambda call: call.sent):
            if call.verb != 'get':
                self.intents[call.intent].append(call)
        self.orders = collections.defaultdict(list)  # (verb, order) -> its calls
        for call in history:
            self.orders[call.verb, call.order].append(call)
        self.effects = collections.defaultdict(list)  # (order, book) or (book, request) -> Movements
        for log in stored.logs.values():
            for movement in log:
                self.effects[self.key(movement)].append(movement)
        self.losses = {}  # (book, order, verb) -> when each report of it was made
        for book, order, verb, found_ms in stored.losses:
            self.losses.setdefault((book, order, verb), []).append(found_ms)

    @staticmethod
    def key(movement):
        return (movement.order, movement.book) if movement.order else \
            ('request', movement.book, movement.request_id)

    def found(self, condition, text):
        if not condition:
            self.breaches.append(str(text))
        return condition

    def run(self):
        for part in (self.check_answers, self.check_logs, self.check_figures, self.check_lives,
                     self.check_intents, self.check_losses, self.check_reservations,
                     self.check_order_of_time):
            part()
        return self.breaches

    # ---- what was said ---------------------------------------------------------------------------

    def check_answers(self):
        for call in self.history:
            if call.result == 'unknown':
                self.found(call.status in UNKNOWN, f'I14: {call}: {call.status} {call.details}')
            elif call.result == 'refused':
                self.found(call.code in REFUSALS[call.verb],
                           f'I14: {call} was refused with {call.code}')
            for book, figure in call.figures.items():
                numbers = figure if call.verb == 'get' else (figure,)
                self.found(min(numbers) >= 0, f'I1: {call} was told {figure} of book {book}')
                if call.verb == 'get':
                    available, locked, total, _ = figure
                    self.found(total == available + locked,
                               f'I2: a reader was told {figure} of book {book}')
            if call.verb == 'get':
                seen = {call.figures[book][:2] for book in self.twins if book in call.figures}
                self.found(len(seen) <= 1, f'I13: a reader saw half an order: {seen}')

    # ---- what is stored --------------------------------------------------------------------------

    def check_logs(self):
        for book, log in self.stored.logs.items():
            available = locked = 0
            for number, m in enumerate(log, 1):
                if not self.found(m.sequence == number,
                                  f'I8: book {book} has no movement {number}; then comes {m}'):
                    break
                self.found(m.before == available, f'I8: {m} follows one that left {available}')
                gain = {'deduct': -1, 'reserve': -1, 'confirm': 0}.get(m.verb, 1) * m.quantity
                self.found(m.verb == 'adjust' and abs(m.after - m.before) == m.quantity or
                           m.after == m.before + gain, f'I3: {m}')
                held = {'reserve': 1, 'confirm': -1, 'cancel': -1, 'expire': -1}.get(m.verb, 0)
                self.found(m.locked_after == locked + held * m.quantity,
                           f'I3: {m}: {locked} were locked, then {m.locked_after}')
                available, locked = m.after, m.locked_after
                self.found(available >= 0 and locked >= 0, f'I1: {m}')

    def check_figures(self):
        for book, row in self.stored.rows.items():
            total = self.stored.totals.get(book, row.available + row.locked)
            self.found(total == row.available + row.locked, f'I2: the row of book {book}')
            log = self.stored.logs.get(book, [])
            last = log[-1] if log else Movement(book, 0, '', 0, 0, 0, 0)
            if book in self.stored.quarantined:
                continue
            self.found(row == Balance(last.after, last.locked_after, last.sequence),
                       f'I9: the row of book {book} says {row}, its log ends with {last}')
            there = self.stored.redis.get(book)
            self.found(there == row, f'I9: book {book}: Redis says {there}, the row {row}')
            view = self.stored.views.get(book)
            self.found(view == row.available,
                       f'I9: stock:{book} says {view}, the row {row.available}')
        for book in self.stored.logs.keys() - self.stored.rows.keys():
            self.found(False, f'I9: book {book} has movements and no row')

    # ---- each against the other ------------------------------------------------------------------

    def check_lives(self):
        """What became of each order line and request id."""
        asked = collections.defaultdict(set)  # as in effects -> quantities
        for call in self.history:
            for book, quantity in call.lines:
                key = (call.order, book) if call.order else ('request', book, call.request_id)
                asked[key].add(quantity)
        for key, movements in self.effects.items():
            if key[0] == 'request':
                self.found(not key[2] or len(movements) == 1,
                           f'I4: request {key[2]!r} of book {key[1]} moved stock '
                           f'{len(movements)} times')
                continue
            verbs = ' '.join(m.verb for m in movements)
            self.found(LIVES.fullmatch(verbs),
                       f'I4: order {key[0]} book {key[1]} went through {verbs}')
            for m in movements:
                self.found(m.quantity in asked[key], f'I4: {m}: nobody asked for it')

    def moved(self, call):
        """For each line of the call, whether a movement is what it was about."""
        for book, quantity in call.lines:
            key = (call.order, book) if call.order else ('request', book, call.request_id)
            yield book, any((m.verb, m.quantity) == (call.verb, quantity)
                            for m in self.effects.get(key, ()))

    def is_lost(self, call):
        return all((book, call.order, call.verb) in self.losses for book, _ in call.lines)

    def check_intents(self):
        for calls in self.intents.values():
            known = [call for call in calls if call.result != 'unknown']
            yes = [call for call in known if call.result == 'ok']
            if not known:
                continue  # all or nothing: check_lives
            moved = dict(self.moved(known[-1]))
            if yes:
                for book, there in moved.items():
                    self.found(there or self.is_lost(yes[-1]),
                               f'I5: {yes[-1]} was answered with yes, and book {book} does not know '
                               f'of it')
                self.check_same_code(yes, known)
            elif known[-1].code != EXPIRED or known[-1].verb != 'reserve':
                # A reserve that is told "expired" had an effect.
                for book, there in moved.items():
                    self.found(not there or self.overtook(known[-1], calls, book),
                               f'I6: {known[-1]} was refused with {known[-1].code}, and book {book} '
                               f'has it')

    def overtook(self, refused, calls, book):
        """Whether it was quicker than an earlier call of the same content, whose outcome is unknown:
        who dies leaves behind what Redis has not read yet. What is there must be younger then."""
        return any(call.result == 'unknown' and call.sent < refused.sent for call in calls) and all(
            movement.time_ms >= math.floor(refused.sent_ms)
            for movement in self.effects[refused.order, book] if movement.verb == refused.verb)

    def check_same_code(self, yes, known):
        first = min(yes, key=lambda call: call.answered)
        if self.is_lost(first):
            return  # and may have been done anew
        new = [call for call in yes if not call.duplicate]
        self.found(len(new) <= 1, f'I4: {first} was answered {len(new)} times as done just now')
        for call in known:
            if call.sent < first.answered:
                continue
            if call.result == 'ok':
                self.found(call.duplicate, f'I10: {call} was answered with yes before, and is then '
                                           f'done as if new')
            else:
                self.found(self.has_moved_on(call),
                           f'I10: {call} was answered with yes, and then with {call.code}')

    def has_moved_on(self, call):
        """Whether the call's code is of a later state of its order."""
        if call.code == EXPIRED:
            return call.verb == 'reserve'
        books = {book for book, _ in call.lines}
        return any(other.sent < call.answered
                   for verb, codes in LATER.get(call.verb, {}).items() if call.code in codes
                   for other in self.orders[verb, call.order]
                   if not books.isdisjoint(book for book, _ in other.lines))

    def done_anew(self, verb, order):
        """Whether it was told yes, and then asked for again and not known any more."""
        calls = self.orders[verb, order]
        first = min((call.answered for call in calls if call.result == 'ok'), default=math.inf)
        return any(call.sent > first and call.result != 'refused' and not call.duplicate
                   for call in calls)

    def check_losses(self):
        for (book, order, verb), reports in self.losses.items():
            # A yes may have come too late for whoever waited for it.
            said = [call for call in self.orders[verb, order]
                    if book in dict(call.lines) and call.result != 'refused']
            what = f'{verb} of book {book}, order {order}'
            if not self.found(said or verb == 'expire',
                              f'I5: {what} is reported as lost, and nobody was told yes'):
                continue
            # Who asks for it again, once it is lost, is served.
            there = any(m.verb == verb and m.time_ms < reports[-1]
                        for m in self.effects.get((order, book), ()))
            self.found(not order or not there or self.done_anew(verb, order),
                       f'I5: {what} is reported as lost, and is there')
            self.found(not order or len(reports) == 1,
                       f'I5: {what} is reported as lost {len(reports)} times')

    def check_reservations(self):
        told = {}  # order -> (deadline, books)
        for calls in self.intents.values():
            for call in calls:
                if call.verb == 'reserve' and call.result == 'ok' and call.deadline_ms:
                    told[call.order] = call.deadline_ms, [book for book, _ in call.lines]
        for order, (deadline, books) in told.items():
            ends = set()
            for book in books:
                movements = self.effects.get((order, book), ())
                ended = [m for m in movements if m.verb in ENDS]
                ends.add(ended[0].verb if ended else '')
                for m in ended:
                    self.found(m.verb != 'expire' or m.time_ms >= deadline,
                               f'I7: {m} at {m.time_ms}, before its deadline {deadline}')
            self.found(len(ends) == 1 or self.moved_back and order in
                       {lost for _, lost, _ in self.losses},
                       f'I7: order {order} did not end as a whole: {sorted(ends)}')

    # ---- time ------------------------------------------------------------------------------------

    def check_order_of_time(self):
        if self.moved_back:
            return
        own = {}  # (key, verb) -> sequence
        for key, movements in self.effects.items():
            for m in movements:
                own[key, m.verb, m.book] = m.sequence
        events = collections.defaultdict(list)  # book -> (call, sequence that it made or saw, …)
        for call in self.history:
            for book, quantity in call.lines:
                key = (call.order, book) if call.order else ('request', book, call.request_id)
                made = seen = None
                if call.verb == 'get' and call.result == 'ok':
                    seen = call.figures[book][3] if book in call.figures else None
                elif call.result == 'ok' and not call.duplicate:
                    made = own.get((key, call.verb, book))
                events[book].append((call, quantity, made, seen))
        for book, calls in events.items():
            self.check_book_in_time(book, calls)

    def check_book_in_time(self, book, calls):
        log = self.stored.logs.get(book, [])
        states = [(0, 0)] + [(m.after, m.locked_after) for m in log]
        # By the time of the answer: the latest state that anybody had seen by then.
        finished = sorted((call.answered, made or seen) for call, _, made, seen in calls
                          if made or seen)
        times, latest = [time for time, _ in finished], []
        for _, sequence in finished:
            latest.append(max(sequence, latest[-1] if latest else 0))
        # By the time of sending, backwards: the earliest state that anybody made from then on.
        begun = sorted(((call.sent, made) for call, _, made, _ in calls if made), reverse=True)
        starts, earliest = [], []
        for time, sequence in begun:
            starts.append(-time)
            earliest.append(min(sequence, earliest[-1] if earliest else sequence))
        for call, quantity, made, seen in calls:
            at = bisect.bisect_left(times, call.sent)
            low = latest[at - 1] if at else 0
            if made:
                self.found(made > low, f'I11: {call} made movement {made} of book {book}, and '
                                       f'movement {low} had been seen before it was sent')
            if seen is not None:
                self.found(seen >= low, f'I11: a reader of book {book} saw movement {seen}, after '
                                        f'another had seen {low}')
                if self.found(seen < len(states), f'I11: a reader of book {book} saw movement '
                                                  f'{seen}, which is nowhere'):
                    self.found(states[seen] == call.figures[book][:2],
                               f'I11: a reader was told {call.figures[book]} of book {book}, the '
                               f'log says {states[seen]}')
            if call.code == SHORT and call.verb in ('deduct', 'reserve') and len(call.lines) == 1:
                at = bisect.bisect_left(starts, -call.answered)
                high = earliest[at - 1] - 1 if at else len(states) - 1
                least = min((available for available, _ in states[low:high + 1]),
                            default=states[-1][0])
                self.found(least < quantity,
                           f'I14: {call} was told "sold out", and there were at least {least}')
