#!/usr/bin/python3
"""check_house.py on small trees, each with one thing wrong."""
import pathlib
import tempfile
import unittest

import check_house


class CheckHouse(unittest.TestCase):

    def errors(self, files):
        tree = {
            'proto/shop.proto': 'service Shop {\n  rpc Sell(A) returns (B);\n}\n',
            'docs/api.md': '### Sell\n',
            'tools/inventoryctl/commands.cc': 'void Sell();\n',
            'src/rpc/rpc_test.cc': 'TEST(Shop, Sells) { Sell(); }\n',
        }
        tree.update(files)
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in tree.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return check_house.check(root)

    def assert_refused(self, files, text):
        errors = self.errors(files)
        self.assertEqual(len(errors), 1, errors)
        self.assertIn(text, errors[0])

    def function(self, head, lines):
        return head + ' {\n' + '  Step();\n' * (lines - 2) + '}\n'

    def test_a_sound_tree_passes(self):
        self.assertEqual(self.errors({}), [])

    def test_long_line(self):
        self.assertEqual(self.errors({'src/a.cc': '// ' + 'x' * 97 + '\n'}), [])
        self.assert_refused({'src/a.cc': '// ' + 'x' * 98 + '\n'}, 'src/a.cc:1: 101 columns')

    def test_chinese_takes_two_columns(self):
        self.assert_refused({'src/a.cc': '// ' + '书' * 49 + '\n'}, '101 columns')

    def test_long_function(self):
        for head in ('int A::Long(int x)', 'A::A(B b) : b_(b.c()), d_(1)', 'TEST(Shop, Long)',
                     'bool A::operator()(const B& b) const', 'auto Long() -> std::vector<int>'):
            self.assertEqual(self.errors({'src/a.cc': self.function(head, 70)}), [], head)
            self.assert_refused({'src/a.cc': self.function(head, 71)}, 'src/a.cc:1: ')

    def test_braces_in_texts_and_comments_do_not_count(self):
        body = 'int F() {\n  // {\n  G("{", \'{\', R"({)");\n}\n'
        self.assertEqual(self.errors({'src/a.cc': body * 30}), [])

    def test_classes_namespaces_and_tables_may_be_long(self):
        rows = '  int x;\n' * 90
        for head in ('class A : public B', 'namespace a', 'constexpr Row kRows[] ='):
            self.assertEqual(self.errors({'src/a.h': f'{head} {{\n{rows}}};\n'}), [], head)

    def test_rpc_that_is_not_everywhere(self):
        self.assert_refused({'docs/api.md': 'Sells\n'}, 'rpc Sell is not in docs/api.md')
        self.assert_refused({'tools/inventoryctl/commands.cc': ''}, 'tools/inventoryctl')
        self.assert_refused({'src/rpc/rpc_test.cc': ''}, 'a test')

    def test_dead_link(self):
        self.assertEqual(self.errors({'README.md': '[a](docs/api.md#sell) [b](https://a.b/c)'}), [])
        self.assert_refused({'README.md': '[a](docs/apy.md)'}, 'links to docs/apy.md')

    def test_two_types_of_one_name(self):
        other = {'src/b/b.h': 'class Batch : public A {\n};\n'}
        self.assertEqual(self.errors({'src/a/a.h': 'class Batch;\n', **other}), [])
        nested = {'src/a/a.h': 'class Batch::Impl {\n};\nclass Batch::B : public A {\n};\n'}
        self.assertEqual(self.errors({**nested, **other}), [])
        self.assertEqual(self.errors({'src/a/a_testing.h': 'struct Batch {\n};\n', **other}), [])
        self.assert_refused({'src/a/a.h': 'struct Batch {\n};\n', **other},
                            'src/b/b.h: defines Batch, as src/a/a.h does')


if __name__ == '__main__':
    unittest.main()
