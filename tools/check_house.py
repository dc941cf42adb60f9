#!/usr/bin/python3
"""The house rules that a program can see. Says each breach with its place; exits 1 if there is any.

  * a C++ line has at most 100 columns, a function at most 70 lines
  * every RPC of the proto stands in docs/api.md, in inventoryctl and in a test
  * a page links only to files that are there
  * what src/ and client/ define in headers has a name of its own: one program links them all, and
    of two types of one name the linker keeps one's functions for both, without a word

Usage: check_house.py [--root FOLDER]
"""
import argparse
import pathlib
import re
import sys
import unicodedata

COLUMNS = 100
FUNCTION_LINES = 70
FOLDERS = ('src', 'client', 'tools', 'tests')
TEXT = re.compile(r'R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'|//[^\n]*|/\*.*?\*/',
                  re.S)
# A type's definition at the left margin, where a namespace's own stand; not one of A::B.
TYPE = re.compile(r'^(?:class|struct|enum class)(?: [A-Z_]+)? (\w+)(?: final)?(?: *:(?!:)[^;{]*)? *\{',
                  re.M)


def width(line):
    """Columns on a screen: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in 'WF' else 1 for c in line)


def blank(match):
    """A text or comment as spaces, its line breaks kept."""
    return re.sub(r'[^\n]', ' ', match[0])


def functions(text):
    """(first line, lines, name) of each function body: braces after a parameter list.

    A lambda given to a call counts too, under the call's name; it is shorter than what it is in.
    """
    code = re.sub(r'^[ \t]*#(?:[^\n\\]|\\.)*', blank, TEXT.sub(blank, text), flags=re.M | re.S)
    stack = []
    for brace in re.finditer(r'[{}]', code):
        if brace[0] == '{':
            stack.append(brace.start())
        elif stack:
            start = stack.pop()
            head = code[:start].rstrip()
            statement = head[max(head.rfind(c) for c in ';{}') + 1:]
            name = re.search(r'([\w:~]+|operator\S+?)\s*\(', statement)
            control = re.match(r'\s*(?:if|for|while|switch|catch|else|do)\b', statement)
            if name and not control and not statement.endswith('='):
                first = code.count('\n', 0, head.rfind(name[0])) + 1
                yield first, code.count('\n', 0, brace.start()) + 2 - first, name[1]


def check_sources(root, errors):
    for top in FOLDERS:
        for path in sorted((root / top).rglob('*')):
            if path.suffix not in ('.cc', '.h', '.inc'):
                continue
            where, text = path.relative_to(root), path.read_text()
            for number, line in enumerate(text.splitlines(), 1):
                if width(line) > COLUMNS:
                    errors.append(f'{where}:{number}: {width(line)} columns, at most {COLUMNS}')
            for first, lines, name in functions(text):
                if lines > FUNCTION_LINES:
                    errors.append(f'{where}:{first}: {name} has {lines} lines, '
                                  f'at most {FUNCTION_LINES}')


def read_all(paths):
    return '\n'.join(path.read_text() for path in paths if path.is_file())


def check_rpcs(root, errors):
    rpcs = re.findall(r'^\s*rpc (\w+)', read_all(root.glob('proto/**/*.proto')), re.M)
    if not rpcs:
        errors.append('proto: no rpc found')
    tests = [path for top in FOLDERS for pattern in ('*_test.cc', '*_test.py')
             for path in (root / top).rglob(pattern)]
    places = {
        'docs/api.md': read_all([root / 'docs/api.md']),
        'tools/inventoryctl': read_all((root / 'tools/inventoryctl').glob('*.cc')),
        'a test': read_all(tests),
    }
    for rpc in rpcs:
        for place, text in places.items():
            if not re.search(rf'\b{rpc}\b', text):
                errors.append(f'rpc {rpc} is not in {place}')


def check_links(root, errors):
    for page in sorted([*root.glob('*.md'), *root.glob('docs/**/*.md')]):
        for link in re.findall(r'\]\(([^)#:\s]+)(?:#[^)]*)?\)', page.read_text()):
            if not (page.parent / link).exists():
                errors.append(f'{page.relative_to(root)}: links to {link}, which is not there')


def check_type_names(root, errors):
    places = {}
    for top in ('src', 'client'):
        for path in sorted((root / top).rglob('*.h')):
            if path.stem.endswith('_testing'):
                continue
            for name in TYPE.findall(TEXT.sub(blank, path.read_text())):
                where = path.relative_to(root)
                first = places.setdefault(name, where)
                if first != where:
                    errors.append(f'{where}: defines {name}, as {first} does')


def check(root):
    errors = []
    check_sources(root, errors)
    check_rpcs(root, errors)
    check_links(root, errors)
    check_type_names(root, errors)
    return errors


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--root', type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent)
    errors = check(parser.parse_args().root.resolve())
    for error in errors:
        print(error, file=sys.stderr)
    return 1 if errors else 0


if __name__ == '__main__':
    sys.exit(main())
