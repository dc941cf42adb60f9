#!/usr/bin/env python3
"""Puts one fault at a time into the rules and sees that the tests notice.

Each row of MUTATIONS is one slip somebody could make. The sources are copied to a folder of their
own, so the tree is never touched; there each fault is put in, the conformance suite, the unit tests
of stock/ and the simulation are built and run, and at least one of them must fail. A row whose text
is no longer in the file is an error too: the table must follow the code.

    tests/mutate.py            all rows, a few minutes
    tests/mutate.py expire     rows whose description contains "expire"
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
RULES = "src/stock/rules.cc"
MEMORY = "src/store/memory/memory_store.cc"
# What is built and run against each fault.
TESTS = {
    "tests_conformance_test": ["--gtest_brief=1", "--gtest_filter=*/memory"],
    "stock_test": ["--gtest_brief=1"],
    "simulation": ["--store", "memory", "--seed", "1"],
}

# description, file, text, text with the fault
MUTATIONS = [
    ("the last unit cannot be sold", RULES,
     "if (before.available < command.quantity)", "if (before.available <= command.quantity)"),
    ("one unit too many can be sold", RULES,
     "if (before.available < command.quantity)", "if (before.available + 1 < command.quantity)"),
    ("a deduct counts what is locked", RULES,
     "if (before.available < command.quantity)", "if (before.total() < command.quantity)"),
    ("a repeated deduct with another quantity is a duplicate", RULES,
     "line->quantity == command.quantity ?", "line->quantity > 0 ?"),
    ("a deduct of a confirmed line is a duplicate", RULES,
     "      case LineState::kSoldByConfirm: return Answer(Outcome::kOrderConflict, command.book);",
     "        return Answer(Outcome::kOrderConflict, command.book);\n"
     "      case LineState::kSoldByConfirm: return Answer(Outcome::kDuplicateOrder, command.book);"),
    ("a deduct does not expire what is due", RULES,
     "Reply Decision::operator()(const Deduct& command) {\n  ExpireIfPassed(command.order);",
     "Reply Decision::operator()(const Deduct& command) {"),
    ("a release does not expire what is due", RULES,
     "Reply Decision::operator()(const Release& command) {\n  ExpireIfPassed(command.order);",
     "Reply Decision::operator()(const Release& command) {"),
    ("a reserve does not expire what is due", RULES,
     "Reply Decision::operator()(const Reserve& command) {\n  ExpireIfPassed(command.order);",
     "Reply Decision::operator()(const Reserve& command) {"),
    ("a confirm does not expire what is due", RULES,
     "Reply Decision::operator()(const Confirm& command) {\n  ExpireIfPassed(command.order);",
     "Reply Decision::operator()(const Confirm& command) {"),
    ("a cancel does not expire what is due", RULES,
     "Reply Decision::operator()(const Cancel& command) {\n  ExpireIfPassed(command.order);",
     "Reply Decision::operator()(const Cancel& command) {"),
    ("expire does nothing", RULES,
     "Reply Decision::operator()(const Expire& command) {\n  ExpireIfPassed(command.order);",
     "Reply Decision::operator()(const Expire&) {"),
    ("expire comes early", RULES, "!open->Passed(now_)", "!open->Passed(now_ + 1)"),
    ("expire comes late", RULES, "!open->Passed(now_)", "!open->Passed(now_ - 1)"),
    ("expire leaves the reservation open", RULES,
     "reservation.state = ReservationState::kExpired;", ""),
    ("expired lines read as returned", RULES,
     "Unlock(order, line, ChangeType::kExpire, LineState::kExpired, {});",
     "Unlock(order, line, ChangeType::kExpire, LineState::kReturned, {});"),
    ("unlocking forgets what was locked", RULES, "after.locked -= line.quantity;\n  Move(line.book, "
     "type", "Move(line.book, type"),
    ("a release leaves no tombstone", RULES,
     "state_.SetLine(key, {LineState::kTombstone, 0, 0});", ""),
    ("a tombstone shows as a duplicate release", RULES,
     "    case LineState::kTombstone: break;\n  }\n  return Answer(Outcome::kNothingToRelease",
     "    case LineState::kTombstone: break;\n  }\n  return Answer(Outcome::kDuplicateRelease"),
    ("release 0 is not all", RULES, "asked == 0 || asked == held", "asked == held"),
    ("release of any quantity is accepted", RULES, "asked == 0 || asked == held", "asked == 0 || held > 0"),
    ("one line of a reservation can be released", RULES,
     "open->lines.size() != 1 || !NamesAll", "!NamesAll"),
    ("releasing a reservation's only line leaves it open", RULES,
     "command.reason);\n  reservation.state = ReservationState::kCancelled;", "command.reason);"),
    ("release ignores the limit", RULES,
     "if (before.total() + line.quantity > kMaxStock)", "if (before.total() < 0)"),
    ("the limit ignores what is locked, in release", RULES,
     "if (before.total() + line.quantity > kMaxStock)",
     "if (std::int64_t{before.available} + line.quantity > kMaxStock)"),
    ("a released line keeps its released quantity at 0", RULES,
     "{LineState::kReturned, line.quantity, line.quantity}", "{LineState::kReturned, line.quantity, 0}"),
    ("restock ignores the limit by one", RULES,
     "before.total() + command.quantity > kMaxStock", "before.total() + command.quantity - 1 > kMaxStock"),
    ("restock reaches the limit one too early", RULES,
     "before.total() + command.quantity > kMaxStock", "before.total() + command.quantity >= kMaxStock"),
    ("the limit ignores what is locked, in restock", RULES,
     "before.total() + command.quantity > kMaxStock",
     "std::int64_t{before.available} + command.quantity > kMaxStock"),
    ("a restock's request id is not remembered", RULES,
     "if (!command.request_id.empty()) state_.SetRequest(command.book, command.request_id, content);\n"
     "  return Answer(Outcome::kRestocked",
     "return Answer(Outcome::kRestocked"),
    ("an adjustment's request id is not remembered", RULES,
     "if (!command.request_id.empty()) state_.SetRequest(command.book, command.request_id, content);\n"
     "  return Answer(Outcome::kAdjusted",
     "return Answer(Outcome::kAdjusted"),
    ("a request id with other content is a duplicate", RULES,
     "*before == content ? Outcome::kDuplicateRequest", "before && content.quantity != 0 ? Outcome::kDuplicateRequest"),
    ("the expectation is no content", RULES,
     "command.expected.has_value(), command.expected.value_or(0)}", "false, 0}"),
    ("the expectation is of the total", RULES,
     "*command.expected != before.available", "*command.expected != before.total()"),
    ("an adjustment checks its expectation before duplicates", RULES,
     "  const RequestContent content{ChangeType::kAdjust,",
     "  if (command.expected && *command.expected != BookNow(command.book).available) {\n"
     "    return Answer(Outcome::kStockChanged, command.book);\n  }\n"
     "  const RequestContent content{ChangeType::kAdjust,"),
    ("an adjustment goes below 0", RULES,
     "if (available < 0) return", "if (available < -1) return"),
    ("the limit ignores what is locked, in adjust", RULES,
     "if (available + before.locked > kMaxStock)", "if (available > kMaxStock)"),
    ("an adjustment's quantity is signed", RULES,
     "std::max(after.available, before.available) - std::min(after.available, before.available);",
     "after.available - before.available;"),
    ("a reservation of the last unit is refused", RULES,
     "BookNow(line.book).available < line.quantity ?", "BookNow(line.book).available <= line.quantity ?"),
    ("a reservation may take a sold line", RULES,
     "      case LineState::kSoldByConfirm: return Outcome::kOrderConflict;",
     "      case LineState::kSoldByConfirm: break;"),
    ("a reservation may take a released line", RULES,
     "      case LineState::kTombstone: return Outcome::kOrderReleased;",
     "      case LineState::kTombstone: break;"),
    ("a later code wins over an earlier one", RULES,
     "reply.outcome = std::min(reply.outcome, reply.lines[i].outcome);",
     "if (reply.lines[i].outcome != Outcome::kReserved) reply.outcome = reply.lines[i].outcome;"),
    ("sums wrap at 32 bits", RULES,
     "total[first] += lines[by_book[i].second].quantity;",
     "total[first] = static_cast<Quantity>(static_cast<std::uint32_t>(total[first]) + "
     "static_cast<std::uint32_t>(lines[by_book[i].second].quantity));"),
    ("sums stay at the largest quantity", RULES,
     "sums.push_back({lines[i].book, total[i]})",
     "sums.push_back({lines[i].book, std::min(total[i], kMaxStock)})"),
    ("lines are added up in the order of books", RULES,
     "  return sums;\n",
     "  std::sort(sums.begin(), sums.end(), [](const auto& a, const auto& b) { return a.book < b.book;"
     " });\n  return sums;\n"),
    ("a repeated reserve may leave lines out", RULES,
     "std::equal(held.begin(), held.end(), asked.begin(), asked.end(),",
     "std::equal(held.begin(), held.begin() + std::min(held.size(), asked.size()), "
     "asked.begin(), asked.begin() + std::min(held.size(), asked.size()),"),
    ("a repeated reserve may differ in quantity", RULES,
     "a.book == b.book && a.quantity == b.quantity", "a.book == b.book"),
    ("a deadline is a millisecond late", RULES,
     "reply.deadline = now_ + command.ttl;", "reply.deadline = now_ + command.ttl + 1;"),
    ("a confirm leaves what was locked", RULES,
     "    after.locked -= line.quantity;\n    Move(line.book, ChangeType::kConfirm",
     "    Move(line.book, ChangeType::kConfirm"),
    ("a confirm gives lines as sold by deduct", RULES,
     "{LineState::kSoldByConfirm, line.quantity, 0}", "{LineState::kSoldByDeduct, line.quantity, 0}"),
    ("a repeated confirm turns when one line was given back", RULES,
     "std::all_of(", "std::any_of("),
    ("a repeated confirm never turns", RULES,
     "given_back ? Outcome::kOrderReleased : Outcome::kDuplicateOrder",
     "given_back ? Outcome::kDuplicateOrder : Outcome::kDuplicateOrder"),
    ("a cancel of an unknown reservation is not remembered", RULES,
     "state_.SetReservation(command.order, std::move(remembered));", ""),
    ("a remembered cancel is a duplicate", RULES,
     "reservation.remembered ? Outcome::kReservationNotFound",
     "reservation.remembered ? Outcome::kDuplicateRelease"),
    ("a cancel is logged as a release", RULES,
     "Unlock(command.order, line, ChangeType::kCancel,", "Unlock(command.order, line, ChangeType::kRelease,"),
    ("a cancelled reservation stays open", RULES,
     "  reservation.state = ReservationState::kCancelled;\n  Reply reply", "  Reply reply"),
    ("movements forget who asked", RULES, "if (actor_) movement.actor = *actor_;", ""),
    ("movements skip a number", RULES, "before.sequence + 1;", "before.sequence + 2;"),
    ("a list's page is one too long", MEMORY,
     "page.books.size() == static_cast<std::size_t>(query.limit)",
     "page.books.size() == static_cast<std::size_t>(query.limit) + 1"),
    ("low stock includes the threshold", MEMORY,
     "balance.available >= *query.below", "balance.available > *query.below"),
    ("a log's end is off by one", MEMORY,
     "page.next_below = sequence + 1;", "page.next_below = sequence;"),
    ("until is inclusive", "src/stock/stock_store.cc", "movement.time < query.until", "movement.time <= query.until"),
    ("reads show a passed reservation as reserved", MEMORY,
     "if (reservation->Passed(clock_.Now())) {", "if (false) {"),
    ("what is due comes by order id", MEMORY, "std::sort(due.begin(), due.end());", ""),
    ("tombstones show as lines", MEMORY,
     "if (line->second.state == LineState::kTombstone) continue;", ""),
    ("the observer hears of a batch twice", MEMORY, "state_.changes.clear();", ""),
]


def run(command, **kwargs):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          **kwargs)


def build(tree):
    return run(["cmake", "--build", tree / "build", "--target", *TESTS])


def failing_tests(tree):
    """The tests that fail, each with its first failure; a crash or a hang is one too."""
    found = []
    for target, arguments in TESTS.items():
        try:
            result = run([tree / "build" / "bin" / target, *arguments], timeout=120)
        except subprocess.TimeoutExpired:
            found.append(f"{target} hangs")
            continue
        if result.returncode != 0:
            failed = [line for line in result.stdout.splitlines() if line.startswith("[  FAILED  ]")]
            found.append(f"{target} ({failed[0].split()[3].rstrip(',')})" if failed else target)
    return found


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    rows = [row for row in MUTATIONS if wanted in row[0]]
    missed = []
    with tempfile.TemporaryDirectory(prefix="inventory-mutate-") as folder:
        tree = pathlib.Path(folder)
        shutil.copytree(ROOT, tree, dirs_exist_ok=True,
                        ignore=shutil.ignore_patterns("build", ".git"))
        configured = run(["cmake", "-S", tree, "-B", tree / "build", "-G", "Ninja",
                          "-DCMAKE_BUILD_TYPE=Debug", "-DINVENTORY_GRPC=OFF"])
        if configured.returncode != 0:
            sys.exit("the tree does not configure:\n" + configured.stdout[-2000:])
        if (built := build(tree)).returncode != 0:
            sys.exit("the tree does not build:\n" + built.stdout[-2000:])
        if failing := failing_tests(tree):
            sys.exit(f"the tests fail without any fault: {failing}")
        for description, file, text, fault in rows:
            path = tree / file
            original = path.read_text()
            if original.count(text) != 1:
                sys.exit(f"'{description}': its text is {original.count(text)} times in {file}")
            path.write_text(original.replace(text, fault))
            built = build(tree)
            if built.returncode != 0:
                sys.exit(f"'{description}' does not build:\n{built.stdout[-2000:]}")
            failing = failing_tests(tree)
            path.write_text(original)
            if not failing:
                missed.append(description)
            print(f"{'caught' if failing else 'MISSED'}  {description}"
                  f"{': ' + '; '.join(failing) if failing else ''}", flush=True)
    print(f"{len(rows) - len(missed)} of {len(rows)} faults caught")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
