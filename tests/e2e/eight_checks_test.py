#!/usr/bin/python3
"""The eight functional checks of the earlier service, with its codes, messages and figures: against
the real service, once through inventoryctl and once through python3-grpcio, as a foreign client;
on every store that outlives the process.

Usage: eight_checks_test.py INVENTORY_SERVICE INVENTORYCTL PRIVATE_MARIADB PROTO_FOLDER
                            [unittest's arguments]
"""
import concurrent.futures
import importlib
import json
import subprocess
import sys
import unittest

import grpc
from google.protobuf import json_format

from service import ServiceTest, WAIT_SECONDS

INVENTORYCTL, PROTO = '', ''


class EightChecks:
    """Subclasses call RPCs: each returns the answer as the document that protobuf's JSON is."""

    store = 'embedded'

    def setUp(self):
        self.service = self.serve(self.store)

    def test_eight_checks(self):
        with self.subTest('1 restock'):
            self.assertEqual(self.restock(1, 100),
                             {'code': 0, 'message': '补充成功', 'currentStock': 100})
        with self.subTest('2 get'):
            self.assertEqual(self.get(1),
                             {'code': 0, 'message': 'success', 'bookId': '1', 'stock': 100,
                              'lockedStock': 0, 'totalStock': 100, 'sequence': '1'})
        with self.subTest('3 get three books'):
            self.restock(2, 50)
            self.restock(3, 200)
            answer = self.get_many(1, 2, 3)
            self.assertEqual((answer['code'], answer['message']), (0, 'success'))
            self.assertEqual([(stock['bookId'], stock['stock']) for stock in answer['stocks']],
                             [('1', 100), ('2', 50), ('3', 200)])
        with self.subTest('4 deduct'):
            self.assertEqual(self.deduct(1, 5, 1001),
                             {'code': 0, 'message': '扣减成功', 'remainingStock': 95})
        with self.subTest('5 the same order again'):
            self.assertEqual(self.deduct(1, 5, 1001),
                             {'code': 0, 'message': '订单已处理（幂等性）', 'remainingStock': 95})
        with self.subTest('6 more than there is'):
            self.assertEqual(self.deduct(1, 200, 1002),
                             {'code': 40100, 'message': '库存不足', 'remainingStock': 95})
        with self.subTest('7 release'):
            self.assertEqual(self.release(1, 5, 1001),
                             {'code': 0, 'message': '释放成功', 'currentStock': 100})
        with self.subTest('8 three orders at once'):
            with concurrent.futures.ThreadPoolExecutor(3) as pool:
                answers = list(pool.map(lambda order: self.deduct(2, 10, order),
                                        (2001, 2002, 2003)))
            self.assertEqual([answer['message'] for answer in answers], ['扣减成功'] * 3)
            self.assertEqual(sorted(answer['remainingStock'] for answer in answers), [20, 30, 40])
            self.assertEqual(self.get(2)['stock'], 20)
        with self.subTest('the log tells it all'):
            self.assertEqual(
                [(log['changeType'], log['quantity'], log['beforeStock'], log['afterStock'],
                  log['orderId']) for log in self.logs(1)['logs']],
                [('release', 5, 95, 100, '1001'), ('deduct', 5, 100, 95, '1001'),
                 ('restock', 100, 0, 100, '0')])


class ThroughInventoryctl(EightChecks, ServiceTest):
    def run_tool(self, *words):
        done = subprocess.run([INVENTORYCTL, '--server', self.service.target, '--json', *words],
                              capture_output=True, text=True, check=False, timeout=WAIT_SECONDS)
        answer = json.loads(done.stdout)
        self.assertEqual(done.returncode, 0 if answer['code'] == 0 else 1, done.stderr)
        return answer

    def restock(self, book, quantity):
        return self.run_tool('restock', str(book), str(quantity))

    def get(self, book):
        return self.run_tool('get', str(book))

    def get_many(self, *books):
        return self.run_tool('get', *map(str, books))

    def deduct(self, book, quantity, order):
        return self.run_tool('deduct', str(book), str(quantity), '--order', str(order))

    def release(self, book, quantity, order):
        return self.run_tool('release', str(book), str(quantity), '--order', str(order))

    def logs(self, book):
        return self.run_tool('logs', str(book))


class ThroughGrpcio(EightChecks, ServiceTest):
    def setUp(self):
        super().setUp()
        subprocess.run(['protoc', '-I', PROTO, '--python_out', str(self.service.folder),
                        'inventory/v1/inventory.proto'], check=True, timeout=WAIT_SECONDS)
        sys.path.insert(0, str(self.service.folder))
        self.addCleanup(sys.path.remove, str(self.service.folder))
        self.messages = importlib.import_module('inventory.v1.inventory_pb2')
        self.channel = grpc.insecure_channel(self.service.target)
        self.addCleanup(self.channel.close)

    def call(self, rpc, **fields):
        method = self.messages.DESCRIPTOR.services_by_name['InventoryService'].methods_by_name[rpc]
        request_type = getattr(self.messages, method.input_type.name)
        response_type = getattr(self.messages, method.output_type.name)
        call = self.channel.unary_unary(f'/inventory.v1.InventoryService/{rpc}',
                                        request_type.SerializeToString, response_type.FromString)
        return json_format.MessageToDict(call(request_type(**fields), timeout=WAIT_SECONDS),
                                         including_default_value_fields=True)

    def restock(self, book, quantity):
        return self.call('RestockInventory', book_id=book, quantity=quantity)

    def get(self, book):
        return self.call('GetStock', book_id=book)

    def get_many(self, *books):
        return self.call('BatchGetStock', book_ids=books)

    def deduct(self, book, quantity, order):
        return self.call('DeductStock', book_id=book, quantity=quantity, order_id=order)

    def release(self, book, quantity, order):
        return self.call('ReleaseStock', book_id=book, quantity=quantity, order_id=order)

    def logs(self, book):
        return self.call('GetInventoryLogs', book_id=book)


class ThroughInventoryctlOnMysql(ThroughInventoryctl):
    store = 'mysql'


class ThroughGrpcioOnMysql(ThroughGrpcio):
    store = 'mysql'


if __name__ == '__main__':
    ServiceTest.programs = sys.argv[1], None
    INVENTORYCTL, ServiceTest.mariadb, PROTO = sys.argv[2:5]
    unittest.main(argv=sys.argv[:1] + sys.argv[5:])
