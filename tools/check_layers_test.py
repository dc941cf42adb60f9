#!/usr/bin/python3
"""check_layers.py on small trees, each with one thing wrong."""
import pathlib
import tempfile
import unittest

import check_layers


class CheckLayers(unittest.TestCase):

    def errors(self, files):
        """What the check says of a tree: base <- stock <- service, client apart; plus `files`."""
        tree = {
            'src/base/CMakeLists.txt': 'inventory_module(base)',
            'src/base/clock.h': 'class Clock {\n};\n',
            'src/stock/CMakeLists.txt': 'inventory_module(stock DEPS base)',
            'src/stock/types.h': '#include "base/clock.h"\nstruct Balance {\n};\n',
            'src/service/CMakeLists.txt': 'inventory_module(service DEPS stock '
                                          'TEST_DEPS store/ram)',
            'src/service/service.h': '#include "stock/types.h"\n',
            'src/store/ram/CMakeLists.txt': 'inventory_module(store/ram DEPS stock)',
            'src/store/ram/ram_store.h': 'class RamStore {\n};\n',
            'client/CMakeLists.txt': 'inventory_module(client DEPS base)',
            'tools/ctl/CMakeLists.txt': 'inventory_module(tools/ctl DEPS client)',
        }
        tree.update(files)
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder).resolve()
            for name, text in tree.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return check_layers.check(root)[1]

    def assert_refused(self, files, *texts):
        errors = self.errors(files)
        self.assertEqual(len(errors), 1, errors)
        for text in texts:
            self.assertIn(text, errors[0])

    def test_a_sound_tree_passes(self):
        self.assertEqual(self.errors({}), [])

    def test_upward_include(self):
        self.assert_refused({'src/stock/rules.cc': '#include "service/service.h"\n'},
                            'src/stock/rules.cc', 'service is not in DEPS')

    def test_sideways_include(self):
        self.assert_refused({'src/store/ram/a.cc': '#include "service/service.h"\n'},
                            'service is not in DEPS')

    def test_client_and_tools_are_held_too(self):
        self.assert_refused({'client/a.cc': '#include "stock/types.h"\n'}, 'client/a.cc')
        self.assert_refused({'tools/ctl/a.cc': '#include "src/stock/types.h"\n'}, 'tools/ctl/a.cc')

    def test_include_of_an_undeclared_indirect_folder(self):
        self.assert_refused({'src/service/a.cc': '#include "base/clock.h"\n'},
                            'base is not in DEPS')

    def test_type_reached_through_a_third_folder(self):
        self.assert_refused({'src/service/a.cc': '#include "stock/types.h"\nClock* c;\n'},
                            'uses Clock of base')

    def test_words_in_comments_texts_and_other_namespaces_are_no_types(self):
        self.assertEqual(self.errors({
            'src/service/a.cc': '// Clock\nauto s = "Clock";\nv1::Clock c; std::Clock d;\n'}), [])

    def test_test_deps_are_for_tests_only(self):
        include = '#include "store/ram/ram_store.h"\n'
        self.assertEqual(self.errors({'src/service/service_test.cc': include}), [])
        self.assert_refused({'src/service/service.cc': include}, 'store/ram is not in DEPS')

    def test_what_starts_servers_is_for_tests_that_need_one(self):
        include = {'tests/support/CMakeLists.txt': 'inventory_module(tests/support DEPS base)',
                   'tests/support/redis_server.h': 'class RedisServer {\n};\n'}
        text = '#include "tests/support/redis_server.h"\nRedisServer server;\n'
        self.assertEqual(self.errors({**include, 'src/stock/a_redis_test.cc': text}), [])
        self.assertEqual(len(self.errors({**include, 'src/stock/a_test.cc': text})), 2)

    def test_cycle(self):
        self.assert_refused({'src/base/CMakeLists.txt': 'inventory_module(base DEPS service)'},
                            'cycle: base -> service -> stock -> base')

    def test_library_header_without_its_library(self):
        include = {'src/service/a.cc': '#include "inventory/v1/inventory.pb.h"\n'}
        self.assert_refused(include, 'without inventory_proto')
        self.assertEqual(self.errors({**include, 'src/service/CMakeLists.txt':
                         'inventory_module(service DEPS stock LIBS inventory_proto)'}), [])

    def test_stock_has_no_io_and_no_clock(self):
        self.assert_refused({'src/stock/a.cc': '#include <chrono>\n'}, 'no I/O')

    def test_unknown_dependency(self):
        self.assert_refused({'client/CMakeLists.txt': 'inventory_module(client DEPS bass)'},
                            'bass, which is no folder')

    def test_folder_that_declares_nothing(self):
        self.assert_refused({'src/http/http.cc': ''}, 'src/http/http.cc')

    def test_name_that_is_not_the_folder(self):
        self.assert_refused({'client/CMakeLists.txt': 'inventory_module(customer DEPS base)'},
                            'names customer, lies in client')

    def test_table_in_the_architecture_page(self):
        stale = '<!-- layers: written -->\n| folder |\n<!-- end of layers -->\n'
        self.assert_refused({'ARCHITECTURE.md': stale}, 'differs from the DEPS')
        self.assert_refused({'ARCHITECTURE.md': 'no table'}, 'missing')


if __name__ == '__main__':
    unittest.main()
