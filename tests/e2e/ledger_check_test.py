#!/usr/bin/python3
"""The invariants' checker, judged by histories made by hand: the sound one passes, and each of its
breaches is found.

Usage: ledger_check_test.py [unittest's arguments]
"""
import copy
import unittest

from ledger_check import (CONFLICT, EXPIRED, RELEASED, REUSED, SHORT, Balance, Call, Movement, Stored,
                          check)

TWINS = (101, 102)


class Shop:
    """A sound store: one call after the other, and what it then contains."""

    def __init__(self):
        self.history, self.stored, self.now = [], Stored(), 0
        self.balances = {}

    def move(self, verb, book, quantity, order=0, request_id='', time_ms=0):
        balance = self.balances.setdefault(book, Balance(0, 0, 0))
        before = balance.available
        balance.available += {'deduct': -1, 'reserve': -1, 'confirm': 0}.get(verb, 1) * quantity
        balance.locked += {'reserve': 1, 'confirm': -1, 'cancel': -1,
                           'expire': -1}.get(verb, 0) * quantity
        balance.sequence += 1
        self.stored.logs.setdefault(book, []).append(Movement(
            book, balance.sequence, verb, quantity, before, balance.available, balance.locked,
            order, request_id, time_ms))

    def call(self, verb, lines, **fields):
        """Sent and answered now, with nobody else about."""
        call = Call(verb, tuple(lines.items()), sent=self.now, answered=self.now + 1,
                    result=fields.pop('result', 'ok'), **fields)
        self.now += 2
        if call.result == 'unknown':
            call.answered = float('inf')
            call.status = call.status or 'UNAVAILABLE'
        self.history.append(call)
        return call

    def do(self, verb, lines, order=0, request_id='', **fields):
        """A call that is answered with yes, and its movements."""
        for book, quantity in lines.items():
            self.move(verb, book, quantity, order, request_id)
        return self.call(verb, lines, order=order, request_id=request_id, **fields)

    def get(self, *books):
        figures = {book: (b.available, b.locked, b.available + b.locked, b.sequence)
                   for book in books for b in [self.balances[book]]}
        return self.call('get', dict.fromkeys(books, 0), figures=figures)

    def rest(self):
        """The two servers, at rest."""
        self.stored.rows = copy.deepcopy(self.balances)
        self.stored.redis = copy.deepcopy(self.balances)
        self.stored.views = {book: b.available for book, b in self.balances.items()}
        return self


def a_day():
    """A bit of everything."""
    shop = Shop()
    for book in (1, 2, *TWINS):
        shop.do('restock', {book: 10}, request_id='first')
    shop.do('deduct', {1: 3}, order=11, figures={1: 7})
    shop.call('deduct', {1: 3}, order=11, duplicate=True)
    shop.call('deduct', {1: 4}, order=12, result='unknown')  # took effect; its retry tells
    shop.move('deduct', 1, 4, 12)
    shop.call('deduct', {1: 4}, order=12, duplicate=True)
    shop.call('deduct', {1: 4}, order=13, result='refused', code=SHORT, figures={1: 3})
    shop.call('deduct', {1: 1}, order=14, result='unknown')  # took none
    shop.do('deduct', {1: 1}, order=14)
    shop.do('release', {1: 1}, order=14)
    shop.call('deduct', {1: 1}, order=14, result='refused', code=RELEASED)
    shop.call('deduct', {1: 2}, order=11, result='refused', code=CONFLICT)
    shop.call('restock', {1: 11}, request_id='first', result='refused', code=REUSED)
    shop.do('reserve', {1: 1, 2: 5}, order=15, deadline_ms=1_000)
    shop.get(1, 2)
    shop.do('confirm', {1: 1, 2: 5}, order=15)
    shop.do('reserve', {101: 2, 102: 2}, order=16, deadline_ms=1_000)
    shop.get(*TWINS)
    for book in TWINS:
        shop.move('expire', book, 2, 16, time_ms=1_000)
    shop.call('confirm', {101: 2, 102: 2}, order=16, result='refused', code=EXPIRED)
    shop.call('reserve', {101: 2, 102: 2}, order=16, result='refused', code=EXPIRED)
    shop.do('adjust', {2: 5}, request_id='count')
    shop.call('adjust', {2: 5}, request_id='count', duplicate=True)
    shop.get(*TWINS)
    return shop.rest()


class LedgerCheckTest(unittest.TestCase):
    def breaches(self, shop, **how):
        return check(shop.history, shop.stored, TWINS, **how)

    def assert_finds(self, shop, *texts, **how):
        """One of the breaches has all the texts."""
        found = self.breaches(shop, **how)
        self.assertTrue(any(all(text in breach for text in texts) for breach in found),
                        f'{texts} not in {found}')

    def test_a_sound_day_passes(self):
        self.assertEqual(self.breaches(a_day()), [])
        self.assertEqual(self.breaches(a_day(), moved_back=True), [])

    def test_a_figure_below_0(self):
        shop = a_day()
        shop.do('deduct', {2: 11}, order=20)
        self.assert_finds(shop.rest(), 'I1', '-')
        shop = a_day()
        shop.call('deduct', {1: 1}, order=11, duplicate=True, figures={1: -1})
        self.assert_finds(shop, 'I1', '-1')

    def test_a_total_that_is_none(self):
        shop = a_day()
        shop.history[-1].figures[101] = (10, 0, 11, 3)
        self.assert_finds(shop, 'I2')
        shop = a_day()
        shop.stored.totals[1] = 77
        self.assert_finds(shop, 'I2', 'book 1')

    def test_a_movement_that_does_something_else(self):
        shop = a_day()
        shop.stored.logs[1][1].quantity = 2
        self.assert_finds(shop, 'I3', 'movement 2')
        shop = a_day()
        shop.stored.logs[2][1].locked_after = 4
        self.assert_finds(shop, 'I3', 'locked')

    def test_a_unit_sold_twice(self):
        """A retry of a sale sold again."""
        shop = a_day()
        shop.do('deduct', {1: 1}, order=30)
        shop.do('deduct', {1: 1}, order=30)
        self.assert_finds(shop.rest(), 'I4', 'order 30', 'deduct deduct')
        self.assert_finds(shop, 'I4', 'answered 2 times')

    def test_a_request_done_twice(self):
        shop = a_day()
        shop.move('restock', 1, 10, request_id='first')
        self.assert_finds(shop.rest(), 'I4', "'first'", '2 times')

    def test_a_movement_of_nobody(self):
        shop = a_day()
        shop.move('deduct', 2, 1, 99)
        self.assert_finds(shop.rest(), 'I4', 'order 99', 'nobody')

    def test_a_lost_sale(self):
        shop = a_day()
        shop.call('deduct', {1: 1}, order=40)
        self.assert_finds(shop, 'I5', 'order 40', 'does not know')
        self.assert_finds(shop, 'I5', 'order 40', moved_back=True)

    def test_a_lost_line_of_a_reservation(self):
        shop = a_day()
        shop.move('reserve', 1, 1, 41)
        shop.call('reserve', {1: 1, 2: 1}, order=41)
        self.assert_finds(shop.rest(), 'I5', 'order 41', 'book 2')

    def test_a_lost_restock(self):
        shop = a_day()
        shop.call('restock', {1: 1}, request_id='more')
        self.assert_finds(shop, 'I5', "'more'")

    def test_a_loss_that_is_reported_is_none(self):
        shop = a_day()
        shop.call('deduct', {1: 1}, order=42)
        shop.stored.losses.append((1, 42, 'deduct', 0))
        self.assertEqual(self.breaches(shop, moved_back=True), [])
        # Sold again afterwards, as new.
        shop.do('deduct', {1: 1}, order=42)
        self.assertEqual(self.breaches(shop.rest(), moved_back=True), [])

    def test_a_loss_of_what_was_told_to_have_been_done_before(self):
        """The first answer never came, the second said "done before"; then it was lost, and asked
        for again."""
        shop = a_day()
        shop.call('deduct', {1: 1}, order=43, result='unknown')
        shop.call('deduct', {1: 1}, order=43, duplicate=True)
        shop.stored.losses.append((1, 43, 'deduct', 0))
        shop.do('deduct', {1: 1}, order=43)
        self.assertEqual(self.breaches(shop.rest(), moved_back=True), [])

    def test_a_loss_of_what_nobody_heard_of_and_asked_for_again(self):
        for time_ms, breaches in ((1_000, 0), (999, 1)):
            shop = a_day()
            shop.call('deduct', {1: 1}, order=44, result='unknown')
            shop.stored.losses.append((1, 44, 'deduct', 1_000))
            shop.move('deduct', 1, 1, 44, time_ms=time_ms)
            shop.call('deduct', {1: 1}, order=44)
            self.assertEqual(len(self.breaches(shop.rest(), moved_back=True)), breaches, time_ms)

    def test_a_refusal_that_overtook_a_sale(self):
        for time_ms, result, breaches in ((1_000, 'unknown', 0), (999, 'unknown', 1),
                                          (1_000, 'refused', 1)):
            shop = a_day()
            shop.call('deduct', {1: 1}, order=45, result=result, code=SHORT)
            shop.call('deduct', {1: 1}, order=45, result='refused', code=SHORT, sent_ms=1_000.4)
            shop.move('deduct', 1, 1, 45, time_ms=time_ms)
            self.assertEqual(len(self.breaches(shop.rest(), moved_back=True)), breaches,
                             (time_ms, result))

    def test_a_loss_that_is_none(self):
        shop = a_day()
        shop.stored.losses.append((1, 11, 'deduct', 1))
        self.assert_finds(shop, 'I5', 'order 11', 'is there')
        shop = a_day()
        shop.stored.losses.append((1, 777, 'deduct', 1))
        self.assert_finds(shop, 'I5', 'order 777', 'nobody')

    def test_a_refused_sale_that_sold(self):
        shop = a_day()
        shop.move('deduct', 1, 1, 50)
        shop.call('deduct', {1: 1}, order=50, result='refused', code=SHORT)
        self.assert_finds(shop.rest(), 'I6', 'order 50')

    def test_an_early_expiry(self):
        shop = a_day()
        shop.stored.logs[101][-1].time_ms = 999
        self.assert_finds(shop, 'I7', 'before its deadline')

    def test_a_reservation_that_ends_in_part(self):
        shop = a_day()
        shop.do('reserve', {1: 1, 2: 1}, order=60, deadline_ms=1_000)
        shop.move('cancel', 1, 1, 60)
        self.assert_finds(shop.rest(), 'I7', 'order 60', 'whole')

    def test_a_gap_in_a_sequence(self):
        shop = a_day()
        del shop.stored.logs[1][2]
        self.assert_finds(shop, 'I8', 'book 1', 'no movement 3')
        shop = a_day()
        shop.stored.logs[1][2].before += 1
        self.assert_finds(shop, 'I8', 'follows')

    def test_redis_that_differs_from_mysql(self):
        shop = a_day()
        shop.stored.redis[1].available += 1
        self.assert_finds(shop, 'I9', 'book 1', 'Redis')
        shop = a_day()
        shop.stored.redis[1] = None
        self.assert_finds(shop, 'I9', 'book 1', 'Redis')
        shop = a_day()
        shop.stored.views[2] = None
        self.assert_finds(shop, 'I9', 'stock:2')
        shop = a_day()
        shop.stored.rows[2].locked += 1
        self.assert_finds(shop, 'I9', 'row of book 2')
        shop = a_day()
        del shop.stored.rows[2]
        self.assert_finds(shop, 'I9', 'no row')

    def test_a_book_in_quarantine_may_differ(self):
        shop = a_day()
        shop.stored.redis[1].available += 1
        shop.stored.quarantined.add(1)
        self.assertEqual(self.breaches(shop), [])

    def test_a_yes_that_is_taken_back(self):
        shop = a_day()
        shop.call('deduct', {1: 3}, order=11, result='refused', code=CONFLICT)
        self.assert_finds(shop, 'I10', 'order 11', str(CONFLICT))
        shop = a_day()
        shop.call('reserve', {1: 1, 2: 5}, order=15, result='refused', code=SHORT)
        self.assert_finds(shop, 'I10', 'order 15', str(SHORT))

    def test_a_reader_of_the_past(self):
        shop = a_day()
        old = shop.get(1)
        shop.do('restock', {1: 5}, request_id='late')
        shop.call('get', {1: 0}, figures=dict(old.figures))
        self.assert_finds(shop.rest(), 'I11', 'reader')
        # Of old data that nobody holds against the log: Redis was loaded again.
        self.assertEqual(self.breaches(shop, moved_back=True), [])

    def test_a_reader_of_what_never_was(self):
        shop = a_day()
        shop.history[-1].figures[101] = shop.history[-1].figures[102] = (9, 1, 10, 3)
        self.assert_finds(shop, 'I11', 'the log says')

    def test_a_sale_before_its_time(self):
        """Sent after an answer, and yet before that in the log."""
        shop = a_day()
        one, other = shop.do('deduct', {2: 1}, order=70), shop.do('deduct', {2: 1}, order=71)
        self.assertEqual(self.breaches(shop.rest()), [])
        one.sent, one.answered, other.sent, other.answered = \
            other.sent, other.answered, one.sent, one.answered
        self.assert_finds(shop, 'I11', 'order 70')
        one.sent = other.sent  # at the same time: then any order is right
        self.assertEqual(self.breaches(shop), [])

    def test_half_an_order_seen(self):
        shop = a_day()
        shop.history[-1].figures[101] = (9, 1, 10, 3)
        self.assert_finds(shop, 'I13')

    def test_sold_out_that_is_not(self):
        shop = a_day()
        shop.call('deduct', {2: 1}, order=80, result='refused', code=SHORT)
        self.assert_finds(shop, 'I14', 'order 80', 'sold out')

    def test_sold_out_at_the_same_time_as_a_restock(self):
        shop = a_day()
        short = shop.call('deduct', {1: 4}, order=81, result='refused', code=SHORT)
        shop.do('restock', {1: 4}, request_id='late')
        self.assertEqual(self.breaches(shop.rest()), [])
        short.answered = shop.now
        self.assertEqual(self.breaches(shop), [])
        short.sent = shop.now
        short.answered = shop.now + 1
        self.assert_finds(shop, 'I14', 'order 81')

    def test_an_unknown_that_is_told_as_something_else(self):
        shop = a_day()
        shop.call('deduct', {1: 1}, order=90, result='unknown', status='INTERNAL')
        self.assert_finds(shop, 'I14', 'INTERNAL')
        shop = a_day()
        shop.call('deduct', {1: 1}, order=91, result='refused', code=40401)
        self.assert_finds(shop, 'I14', '40401')


if __name__ == '__main__':
    unittest.main()
