#!/usr/bin/python3
"""Holds the folders to the dependencies they declare.

The DEPS of a folder's inventory_module() are what it links; with one include root the compiler
would accept any other #include too, so this check compares them. It refuses

  * an #include of a folder that is not in DEPS (or, in tests, benchmarks and fuzzers, TEST_DEPS;
    or, in a test that needs a server, tests/support),
  * a type of such a folder, reached through a third folder's header,
  * a library header (protobuf, gRPC, RocksDB, ...) without its library in LIBS,
  * an #include of I/O, clocks or threads in stock/, which has none,
  * a cycle, an unknown folder in DEPS, a source file in a folder that declares nothing,
  * a dependency table in ARCHITECTURE.md that says anything else.

Usage: check_layers.py [--root FOLDER] [--write]    --write puts the table into ARCHITECTURE.md
"""
import argparse
import pathlib
import re
import sys

SOURCES = {'.cc', '.h', '.inc'}
TOP_FOLDERS = ('src', 'client', 'tools', 'tests')
TEST_FILE = re.compile(r'_(test|bench|fuzz)\.cc$|_testing\.(cc|h)$|_matchers\.h$')
# A test that starts a server, which is what tests/support is for.
SERVER_TEST_FILE = re.compile(r'_(mysql|redis)_test\.cc$')
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
TYPE = re.compile(r'^(?:class|struct|enum class|enum)\s+(?:ABSL_\w+(?:\([^)]*\))?\s+)*'
                  r'([A-Z]\w+)[^;{]*\{|^using ([A-Z]\w+) =', re.M)
# std::string, v1::OrderLine, absl::Status, other::Type::Inner: another namespace's name is nobody's here.
FOREIGN = re.compile(r'\b(?!inventory\b)[a-z]\w*::(?:[A-Z]\w*(?:::[A-Z]\w*)*)?')
TABLE = re.compile(r'(<!-- layers: .*-->\n).*?(<!-- end of layers -->)', re.S)
# A header that starts like this needs a library in LIBS that matches.
LIBRARY_OF = [
    (r'inventory/v1/\w+\.grpc\.pb\.h', 'inventory_grpc'),
    (r'inventory/v1/\w+\.pb\.h', 'inventory_proto|inventory_grpc'),
    (r'(grpc|grpcpp)/', 'inventory_grpc|gRPC::'),
    (r'google/protobuf/', 'inventory_proto|inventory_grpc|protobuf::'),
    (r'boost/', 'Boost::headers'),
    (r'prometheus/', r'PkgConfig::prometheus'),
    (r'rocksdb/', 'RocksDB::|rocksdb'),
    (r'spdlog/', 'spdlog'),
    (r'yaml-cpp/', 'yaml-cpp'),
    (r'CLI/', 'CLI11'),
    (r'(mysql|mariadb|errmsg)\w*\.h', r'PkgConfig::libmariadb'),
    (r'hiredis/', r'PkgConfig::hiredis'),
]
# What a folder must never include, whatever it declares.
NEVER = {
    'stock': r'(chrono|ctime|time\.h|thread|mutex|condition_variable|atomic|fstream|iostream|cstdio'
             r'|filesystem|unistd\.h|fcntl\.h|sys/.*)$',
}


class Module:
    """One folder with a CMake target."""

    def __init__(self, name, folder):
        self.name = name
        self.folder = folder
        self.arguments = {'DEPS': set(), 'LIBS': set(), 'TEST_DEPS': set(), 'TEST_LIBS': set()}
        self.types = set()

    def may_use(self, test, server_test=False):
        """The folders a file may include from, itself included."""
        return ({self.name} | self.arguments['DEPS'] |
                (self.arguments['TEST_DEPS'] if test else set()) |
                ({'tests/support'} if server_test else set()))

    def libraries(self, test):
        return self.arguments['LIBS'] | (self.arguments['TEST_LIBS'] if test else set())


def without_comments_and_texts(text):
    text = re.sub(r'R"(\w*)\(.*?\)\1"', '""', text, flags=re.S)
    return re.sub(r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/', '""', text, flags=re.S)


def read_modules(root):
    """The declared folders, by name. A name is the folder's path, for src/ without the src/."""
    modules, errors = {}, []
    for top in TOP_FOLDERS:
        for path in sorted((root / top).rglob('CMakeLists.txt')):
            text = re.sub(r'#[^\n]*', '', path.read_text())
            for call in re.findall(r'inventory_module\s*\(([^)]*)\)', text):
                words = call.split()
                folder = path.parent.relative_to(root)
                expected = str(folder.relative_to('src') if top == 'src' else folder)
                module = Module(expected, path.parent)
                if words[0] not in (expected, folder.name):
                    errors.append(f'{path.relative_to(root)}: names {words[0]}, lies in {expected}')
                into = None
                for word in words[1:]:
                    if word in module.arguments:
                        into = module.arguments[word]
                    elif into is not None:
                        into.add(word)
                modules[expected] = module
    for module in modules.values():
        for kind in ('DEPS', 'TEST_DEPS'):
            for name in sorted(module.arguments[kind] - modules.keys()):
                errors.append(f'{module.name}: {kind} names {name}, which is no folder')
    return modules, errors


def find_cycle(modules):
    """A list of names that comes back to its first, or None."""
    done = set()

    def visit(name, path):
        if name in path:
            return path[path.index(name):] + [name]
        if name in done or name not in modules:
            return None
        for dependency in sorted(modules[name].arguments['DEPS']):
            cycle = visit(dependency, path + [name])
            if cycle:
                return cycle
        done.add(name)
        return None

    for name in sorted(modules):
        cycle = visit(name, [])
        if cycle:
            return cycle
    return None


def owner(modules, path):
    """The module whose folder holds the file, the nearest one."""
    for folder in path.parents:
        for module in modules.values():
            if module.folder == folder:
                return module
    return None


def resolve(root, path, include):
    """The file of this repository that an #include names, or None."""
    for base in (root / 'src', root, path.parent):
        if (base / include).is_file():
            return (base / include).resolve()
    return None


def check_file(root, modules, module, path, errors):
    where = path.relative_to(root)
    test = bool(TEST_FILE.search(path.name)) or module.name.startswith('tests')
    allowed = module.may_use(test, bool(SERVER_TEST_FILE.search(path.name)))
    text = path.read_text()
    for _, include in INCLUDE.findall(text):
        never = NEVER.get(module.name)
        if never and not test and re.match(never, include):
            errors.append(f'{where}: includes <{include}>: {module.name}/ has no I/O, clock, lock')
        target = resolve(root, path, include)
        if target:
            other = owner(modules, target)
            if other and other.name not in allowed:
                errors.append(f'{where}: includes "{include}", but {other.name} is not in DEPS')
            continue
        for header, library in LIBRARY_OF:
            if re.match(header, include):
                if not any(re.match(library, name) for name in module.libraries(test)):
                    errors.append(f'{where}: includes {include} without {library} in LIBS')
                break
    code = FOREIGN.sub('', without_comments_and_texts(text))
    words = set(re.findall(r'(?<![.>])\b[A-Z]\w+\b', code))
    for other in modules.values():
        if other.name not in allowed:
            for name in sorted(words & other.types):
                errors.append(f'{where}: uses {name} of {other.name}, which is not in DEPS')


def collect_types(modules):
    """Types declared by exactly one folder's headers: a name in two says nothing."""
    seen = {}
    for module in modules.values():
        for path in module.folder.glob('*.h'):
            for names in TYPE.findall(without_comments_and_texts(path.read_text())):
                seen.setdefault(names[0] or names[1], set()).add(module.name)
    for name, owners in seen.items():
        if len(owners) == 1:
            modules[owners.pop()].types.add(name)


def table(modules):
    """The dependency table, deepest folders first."""
    rank = {}

    def depth(name):
        if name not in rank:
            rank[name] = 1 + max((depth(d) for d in modules[name].arguments['DEPS']), default=-1)
        return rank[name]

    rows = ['| folder | may use | in tests also |', '|---|---|---|']
    for name in sorted(modules, key=lambda name: (depth(name), name)):
        columns = [sorted(modules[name].arguments[kind], key=lambda d: (depth(d), d))
                   for kind in ('DEPS', 'TEST_DEPS')]
        rows.append(f'| {name} | ' + ' | '.join(', '.join(column) or '–' for column in columns) +
                    ' |')
    return '\n'.join(rows)


def with_table(page, modules):
    """The page's text with the table in its place."""
    return TABLE.sub(lambda match: match[1] + '\n' + table(modules) + '\n\n' + match[2], page)


def check_table(root, modules, errors):
    page = root / 'ARCHITECTURE.md'
    if not page.is_file():
        return
    text = page.read_text()
    if not TABLE.search(text):
        errors.append('ARCHITECTURE.md: the dependency table or its markers are missing')
    elif with_table(text, modules) != text:
        errors.append('ARCHITECTURE.md: the dependency table differs from the DEPS in CMake; '
                      '`tools/check_layers.py --write` puts it right')


def check(root):
    modules, errors = read_modules(root)
    if not modules:
        return modules, [f'{root}: no inventory_module() found']
    if errors:
        return modules, errors
    cycle = find_cycle(modules)
    if cycle:
        return modules, ['cycle: ' + ' -> '.join(cycle)]
    collect_types(modules)
    for top in TOP_FOLDERS:
        for path in sorted((root / top).rglob('*')):
            if path.suffix not in SOURCES:
                continue
            module = owner(modules, path)
            if module:
                check_file(root, modules, module, path, errors)
            else:
                errors.append(f'{path.relative_to(root)}: its folder has no inventory_module()')
    check_table(root, modules, errors)
    return modules, errors


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--root', type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument('--write', action='store_true')
    arguments = parser.parse_args()
    root = arguments.root.resolve()
    if arguments.write:
        page = root / 'ARCHITECTURE.md'
        page.write_text(with_table(page.read_text(), read_modules(root)[0]))
    modules, errors = check(root)
    for error in errors:
        print(error, file=sys.stderr)
    if not errors:
        print(f'{len(modules)} folders keep to their dependencies')
    return 1 if errors else 0


if __name__ == '__main__':
    sys.exit(main())
