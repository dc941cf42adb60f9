#!/usr/bin/env python3
"""Runs the real inventory-service: its command line, its start, its errors, its stop.

  binary_test.py BINARY [unittest arguments]
"""

import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import grpc

BINARY = ""
MYSQL_EXAMPLE = str(pathlib.Path(__file__).resolve().parents[2] / "deploy/mysql.yaml")
ORIGIN_CONFIG = str(pathlib.Path(__file__).resolve().parent / "testdata/origin_config.yaml")
WAIT_SECONDS = 60  # for what takes milliseconds on an idle machine


# Runs a command on a small file system of its own: SMALL_DISK FOLDER MOUNT_OPTIONS COMMAND...
SMALL_DISK = ["unshare", "--map-root-user", "--mount", "sh", "-c",
              'mount -t tmpfs -o "$1" none "$0" && shift && exec "$@"']


def small_disk_works():
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run([*SMALL_DISK, folder, "size=16k", "true"], check=False,
                              capture_output=True).returncode == 0


def listens_to(process, number):
    """Whether the process has a handler for the signal."""
    status = pathlib.Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(re.search(r"SigCgt:\s*(\w+)", status).group(1), 16) >> (number - 1) & 1 == 1


class Service:
    """A running service, its log read line by line."""

    def __init__(self, folder, prefix=(), **settings):
        environment = {"PATH": os.environ["PATH"], "INVENTORY_SERVER_PORT": "0",
                       "INVENTORY_SERVER_ADDRESS": "127.0.0.1", "INVENTORY_HTTP_PORT": "0",
                       "INVENTORY_STORE": "memory"}
        environment.update({"INVENTORY_" + name.upper(): value for name, value in settings.items()})
        environment = {name: value for name, value in environment.items() if value is not None}
        self.process = subprocess.Popen([*prefix, BINARY], cwd=folder, env=environment, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        # A service that hangs is killed, and the reading below then ends.
        self.timer = threading.Timer(WAIT_SECONDS, self.process.kill)
        self.timer.start()
        self.lines = []

    def wait_for(self, text):
        """The next line of the log that has this text."""
        for line in self.process.stderr:
            self.lines.append(line)
            if text in line:
                return line
        raise AssertionError(f"no line with {text!r} in the log:\n{''.join(self.lines)}")

    def port(self):
        return int(re.search(r" port=(\d+)", self.wait_for(" ready ")).group(1))

    def end(self):
        """The exit status, once the service has ended by itself."""
        self.lines += self.process.stderr.readlines()
        status = self.process.wait()
        self.close()
        return status

    def close(self):
        self.timer.cancel()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


# The messages are so small that their bytes are written by hand: field, wire type, value.
SALES = "/inventory.v1.InventoryService/"


def restock_one(channel, remark=b""):
    request = b"\x08\x01\x10\x01" + (b"\x22" + bytes([len(remark)]) + remark if remark else b"")
    return channel.unary_unary(SALES + "RestockInventory")(request, timeout=WAIT_SECONDS)


def get_stock(channel):
    return channel.unary_unary(SALES + "GetStock")(b"\x08\x01", timeout=WAIT_SECONDS)


class BinaryTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_binary(self, *arguments, **environment):
        return subprocess.run([BINARY, *arguments], cwd=self.folder, text=True, check=False,
                              env={"PATH": os.environ["PATH"], **environment},
                              capture_output=True, timeout=WAIT_SECONDS)

    def start(self, prefix=(), **settings):
        service = Service(self.folder, prefix, **settings)
        self.addCleanup(service.close)
        return service

    def connect(self, service):
        channel = grpc.insecure_channel(f"127.0.0.1:{service.port()}")
        self.addCleanup(channel.close)
        grpc.channel_ready_future(channel).result(timeout=WAIT_SECONDS)
        return channel

    def write(self, name, text):
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text, encoding="utf-8")
        return name


class CommandLineTest(BinaryTest):
    def test_version_names_the_commit(self):
        result = self.run_binary("--version")
        self.assertEqual(result.returncode, 0)
        self.assertRegex(result.stdout,
                         r"^inventory-service \d+\.\d+\.\d+ \(commit ([0-9a-f]{12}(-dirty)?|unknown)\)\n$")

    def test_help_teaches(self):
        result = self.run_binary("--help")
        self.assertEqual(result.returncode, 0)
        for text in ("Examples:", "--config FILE", "\n  server.port: 9004\n", "Exit status:"):
            self.assertIn(text, result.stdout)

    def test_unknown_flag(self):
        result = self.run_binary("--prot", "1")
        self.assertEqual(result.returncode, 2)
        self.assertIn("--prot", result.stderr)

    def test_print_config_prints_what_is_in_force(self):
        self.write("c.yaml", "store: redis\nserver:\n  port: 7\nredis:\n  password: hunter2\n")
        result = self.run_binary("--config", "c.yaml", "--print-config",
                                 INVENTORY_REDIS_ADDR="elsewhere:1")
        self.assertEqual(result.returncode, 0)
        for text in ("\nstore: redis\n", "\n  port: 7\n", '\n  addr: "elsewhere:1"\n'):
            self.assertIn(text, result.stdout)
        self.assertNotIn("hunter2", result.stdout)

    def test_check_config(self):
        self.write("good.yaml", "store: memory\nserver:\n  read_timeout: 10\n")
        good = self.run_binary("--config", "good.yaml", "--check-config")
        self.assertEqual(good.returncode, 0)
        self.assertIn("warning: good.yaml:3: server.read_timeout has no effect", good.stderr)
        self.assertIn("good.yaml: good; store memory: store is set in good.yaml:1", good.stderr)
        self.write("bad.yaml", "server:\n  prot: 9004\n")
        for arguments in (("--check-config",), ()):
            bad = self.run_binary("--config", "bad.yaml", *arguments)
            self.assertEqual(bad.returncode, 2)
            self.assertIn("bad.yaml:2: there is no setting \"server.prot\" (did you mean "
                          "server.port?)", bad.stderr)

    def test_the_mysql_example_is_good(self):
        result = self.run_binary("--config", MYSQL_EXAMPLE, "--check-config")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotIn("warning", result.stderr)

    def test_a_missing_file(self):
        result = self.run_binary("--config", "none.yaml")
        self.assertEqual(result.returncode, 2)
        self.assertIn("none.yaml: cannot be read: No such file or directory", result.stderr)

    def test_the_default_file_is_read_where_it_is(self):
        self.write("config/config.yaml", "server:\n  port: 7\n")
        self.assertIn("\n  port: 7\n", self.run_binary("--print-config").stdout)

    def test_the_go_services_file_means_the_redis_store(self):
        result = self.run_binary("--config", ORIGIN_CONFIG, "--check-config")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("good; store redis", result.stderr)

    def test_a_redis_store_without_a_database(self):
        self.write("c.yaml", "redis:\n  addr: localhost:1\n")
        result = self.run_binary("--config", "c.yaml")
        self.assertEqual(result.returncode, 1)
        self.assertIn("the redis store needs a database behind it", result.stderr)
        self.assertIn("set database.dsn", result.stderr)


class StartTest(BinaryTest):
    def test_ready_says_what_and_why(self):
        line = self.start().wait_for(" ready ")
        self.assertIn('store=memory because="store is set in INVENTORY_STORE"', line)
        self.assertIn('durability="none: nothing survives the process"', line)
        self.assertRegex(line, r" address=127\.0\.0\.1 port=\d+\n$")

    def test_a_taken_port(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            service = self.start(server_port=str(other.getsockname()[1]))
            line = service.wait_for("cannot start")
            self.assertEqual(service.end(), 1)
        self.assertIn("the port is taken", line)

    def test_a_taken_http_port_is_a_fault_only_where_it_was_given(self):
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                other.bind(("127.0.0.1", 9080))
                other.listen()
            except OSError:
                pass  # taken already, which will do
            service = self.start(http_port=None)
            self.assertIn("127.0.0.1:9080: the port is taken", service.wait_for("HTTP is off"))
            service.wait_for(" ready ")
            given = self.start(http_port="9080")
            self.assertIn("127.0.0.1:9080: the port is taken", given.wait_for("cannot start"))
            self.assertEqual(given.end(), 1)

    def test_only_this_machine_is_listened_to(self):
        service = self.start(server_address="0.0.0.0")
        self.assertIn("access.open_to_network: true", service.wait_for("only this machine"))
        self.assertIn(" address=127.0.0.1 ", service.wait_for(" ready "))
        opened = self.start(server_address="0.0.0.0", access_open_to_network="true")
        opened.wait_for("may do everything")
        self.assertIn(" address=0.0.0.0 ", opened.wait_for(" ready "))
        refused = self.run_binary("--check-config", INVENTORY_SERVER_ADDRESS="10.0.0.7")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("server.address: 10.0.0.7 is not for this machine alone", refused.stderr)

    def test_a_log_that_cannot_be_written(self):
        service = self.start(log_output=str(self.folder))
        line = service.wait_for("cannot start")
        self.assertIn("log.output", line)
        self.assertEqual(service.end(), 1)

    def test_a_fault_goes_to_stderr_where_the_log_is_a_file(self):
        service = self.start(log_output="service.log", server_address="256.1.1.1",
                             access_open_to_network="true")
        line = service.wait_for("cannot start")
        self.assertEqual(service.end(), 1)
        self.assertIn("256.1.1.1", line)
        self.assertIn("cannot start", (self.folder / "service.log").read_text(encoding="utf-8"))


class EmbeddedTest(BinaryTest):
    def test_stock_survives_and_a_new_store_is_announced(self):
        service = self.start(store="auto")
        line = service.wait_for("made a new, empty store")
        self.assertIn(f"location={self.folder.resolve()}/data/inventory\n", line)
        restock_one(self.connect(service))
        service.process.terminate()
        self.assertEqual(service.end(), 0)
        self.assertRegex(service.lines[-1], " stopped commands=1 batches=1 ")

        again = self.start(store="auto")
        stock = get_stock(self.connect(again))
        self.assertIn(b"\x18\x01\x20\x01", stock)  # book_id 1, stock 1
        self.assertNotIn("new, empty store", "".join(again.lines))

    def test_a_second_process_on_the_folder_is_refused(self):
        self.start(store="embedded").wait_for(" ready ")
        second = self.start(store="embedded")
        self.assertIn("another process has this folder open", second.wait_for("cannot start"))
        self.assertEqual(second.end(), 1)

    def test_a_folder_that_cannot_be_made(self):
        self.write("file", "")
        service = self.start(store="embedded", embedded_path="file/store")
        self.assertIn("Not a directory; choose another embedded.path",
                      service.wait_for("cannot start"))
        self.assertEqual(service.end(), 1)


class SmallDiskTest(BinaryTest):
    def setUp(self):
        super().setUp()
        if not small_disk_works():
            self.skipTest("no right to mount a file system here")

    def start_on(self, mount_options):
        disk = self.folder / "disk"
        disk.mkdir()
        return self.start(prefix=[*SMALL_DISK, str(disk), mount_options], store="embedded",
                          embedded_path="disk/store")

    def test_a_read_only_folder(self):
        service = self.start_on("ro")
        self.assertIn("Read-only file system", service.wait_for("cannot start"))
        self.assertEqual(service.end(), 1)

    def test_a_disk_that_is_full_at_the_start(self):
        service = self.start_on("size=16k")
        self.assertIn("the disk is full: make room", service.wait_for("cannot start"))
        self.assertEqual(service.end(), 1)

    def test_a_disk_that_fills_up(self):
        service = self.start_on("size=512k")
        channel = self.connect(service)
        check = channel.unary_unary("/grpc.health.v1.Health/Check")
        self.assertEqual(check(b""), b"\x08\x01")  # SERVING
        with self.assertRaises(grpc.RpcError) as refusal:
            for _ in range(10_000):  # each takes more than 120 bytes
                restock_one(channel, b"x" * 120)
        self.assertEqual(refusal.exception.code(), grpc.StatusCode.UNAVAILABLE)
        self.assertIn("the disk is full: make room", refusal.exception.details())
        service.wait_for("the store does not serve")
        self.assertEqual(check(b""), b"\x08\x02")  # NOT_SERVING
        service.process.terminate()
        self.assertEqual(service.end(), 1)


class StopTest(BinaryTest):
    def test_a_signal_stops_in_good_order(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                service = self.start()
                service.wait_for(" ready ")
                service.process.send_signal(number)
                self.assertEqual(service.end(), 0)
                self.assertRegex(service.lines[-1], " stopped commands=0 ")

    def listen_as_manager(self):
        """A socket as systemd has it, and the words that start a service told of it."""
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(manager.close)
        manager.settimeout(WAIT_SECONDS)
        manager.bind(str(self.folder / "notify"))
        return manager, ["env", f"NOTIFY_SOCKET={self.folder / 'notify'}"]

    def test_the_service_manager_is_told(self):
        manager, prefix = self.listen_as_manager()
        service = self.start(prefix)
        self.assertEqual(manager.recv(4096),
                         b"READY=1\nSTATUS=serves from the memory store at memory")
        service.port()
        service.process.terminate()
        self.assertEqual(manager.recv(4096), b"STOPPING=1\nSTATUS=stopping")
        self.assertEqual(service.end(), 0)

    def test_the_service_manager_is_told_what_is_waited_for(self):
        manager, prefix = self.listen_as_manager()
        service = self.start(prefix, store="mysql", database_dsn="root@tcp(127.0.0.1:1)/inventory")
        self.assertRegex(manager.recv(4096).decode(),
                         r"^READY=1\nSTATUS=waits for the mysql store at .*127\.0\.0\.1")
        service.process.terminate()
        self.assertEqual(manager.recv(4096), b"STOPPING=1\nSTATUS=stopping")
        self.assertEqual(service.end(), 0)

    def test_a_service_manager_that_has_gone_is_only_a_warning(self):
        manager, prefix = self.listen_as_manager()
        manager.close()
        service = self.start(prefix)
        service.wait_for("cannot tell the service manager")
        service.port()

    def test_a_second_signal_ends_the_process_at_once(self):
        # The log is a pipe that nobody empties, so the stop cannot get past its first line.
        os.mkfifo(self.folder / "log")
        pipe = os.open(self.folder / "log", os.O_RDWR)
        self.addCleanup(os.close, pipe)
        service = self.start(log_output="log")
        log = b""
        while b" ready " not in log:
            self.assertTrue(select.select([pipe], [], [], WAIT_SECONDS)[0], log)
            log += os.read(pipe, 4096)
        os.set_blocking(pipe, False)
        with self.assertRaises(BlockingIOError):
            while True:
                os.write(pipe, b"x")

        self.assertTrue(listens_to(service.process.pid, signal.SIGTERM))
        service.process.terminate()
        give_up = time.monotonic() + WAIT_SECONDS
        while listens_to(service.process.pid, signal.SIGTERM):  # until the first signal is there
            self.assertLess(time.monotonic(), give_up)
            os.sched_yield()
        service.process.send_signal(signal.SIGINT)
        self.assertEqual(service.end(), -signal.SIGINT)

    def test_a_log_whose_reader_has_gone_does_not_end_the_service(self):
        service = self.start(log_output="stdout")
        for line in service.process.stdout:
            if " ready " in line:
                break
        service.process.stdout.close()
        service.process.terminate()
        self.assertEqual(service.end(), 0)


if __name__ == "__main__":
    BINARY = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
