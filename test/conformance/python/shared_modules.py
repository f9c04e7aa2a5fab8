"""What plugins import beside the steps: run by each interpreter that the layer is for."""

import datetime
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from unittest import mock

import mfutil
import mfutil.cli
import mfutil.net
from mfutil.eval import BadExpression
from opinionated_configparser import OpinionatedConfigParser
from telegraf_unixsocket_client import TelegrafUnixSocketClient, TelegrafUnixSocketClientException, make_line


class Expressions(unittest.TestCase):
    def test_values(self):
        names = {"x": b"GRIB_1", "n": 7, "tags": {"a": "1"}}
        for text, value in (
            ("n + 1 == 8 and not False", True),
            ("1 < n < 7 or 'no'", "no"),
            ("fnmatch_fnmatch(x.decode('utf8'), 'GRIB*')", True),
            ("re_match('grib', 'GRIB') or re_imatch('grib', 'GRIB')", True),
            ("[n, (1,), {2: 3}][2][2] if n in {7} else 0", 3),
            ("bool(tags['a']) and tags.get('b', '-')", "-"),
            ("'abc'[1:]", "bc"),
        ):
            self.assertEqual(mfutil.eval(text, names), value, text)

    def test_nothing_else_of_python(self):
        for text in (
            "__import__('os')", "x.__class__", "(lambda: 1)()", "[i for i in (1,)]", "open('/etc/passwd')", "no", "1 +",
            "9 ** 9 ** 9", "'a' * 10 ** 9", "'a' * 1000000", "[0] * 1000000", "'%0999999999d' % 1", "f'{1:>99999999}'",
            "'{0.__class__}'.format(1)", "bool(*[1])", "(1).__class__.get(1)",
        ):
            with self.assertRaises(BadExpression, msg=text):
                mfutil.eval(text, {"x": 1})


class Configurations(unittest.TestCase):
    TEXT = "[s]\nkey = plain\nkey[DEV] = dev\nKey[dev_john] = john\nonly[OTHER] = o\n[_own]\na = 1\n[none]\nb[OTHER] = 1\n"

    def chosen(self, name, text=TEXT, **options):
        parser = OpinionatedConfigParser(name, **options)
        parser.read_string(text)
        return {section: dict(parser.items(section)) for section in parser.sections()}

    def test_the_variant_that_fits_best(self):
        for name, value in (("GENERIC", "plain"), ("DEV", "dev"), ("dev_john_monday", "john"), ("DEV_EVE", "dev")):
            self.assertEqual(self.chosen(name), {"s": {"key": value}}, name)

    def test_files_are_one_and_variants_beat_their_order(self):
        with tempfile.TemporaryDirectory() as directory:
            paths = [os.path.join(directory, name) for name in ("first", "second", "missing")]
            for path, text in zip(paths, ("[s]\na[DEV] = 1\nb = 1\n", "[s]\na = 9\nb = 9\n")):
                with open(path, "w") as file:
                    file.write(text)
            parser = OpinionatedConfigParser("DEV")
            self.assertEqual(parser.read(paths), paths[:2])
            self.assertEqual((parser.get("s", "a"), parser.getint("s", "b")), ("1", 9))
            parser.read(paths[0])
            self.assertEqual(parser.get("s", "b"), "1")
            self.assertFalse(parser.has_option("s", "c"))

    def test_default_section_and_case(self):
        text = "[all]\na = 1\nb = 1\n[s]\nb = 2\n"
        self.assertEqual(self.chosen("X", text, default_section="all"), {"s": {"a": "1", "b": "2"}})
        parser = OpinionatedConfigParser("DEV", delimiters=("=",), comment_prefixes=("#",))
        parser.optionxform = str
        parser.read_string("[s]\nA:b = 1\nA[DEV] = 2\n;x = 3\n")
        self.assertEqual(dict(parser.items("s")), {"A:b": "1", "A": "2", ";x": "3"})

    def test_environment(self):
        with mock.patch.dict(os.environ, {"OF_HERE": "here", "MFCONFIG": "DEV"}):
            text = "[s]\na[DEV] = {{ OF_HERE }}/{{NOWHERE}}100%\n"
            self.assertEqual(self.chosen(None, text), {"s": {"a": "here/100%"}})


class Telegraf(unittest.TestCase):
    def test_lines(self):
        fields = {"n": 3, "f": 0.5, "b": True, "t": 'a "b" c\\', "none": None}
        line = make_line("m e,a", fields, {"z": "a b", "a": "1=2", "no": None}, 5)
        self.assertEqual(line, 'm\\ e\\,a,a=1\\=2,z=a\\ b b=True,f=0.5,n=3i,t="a \\"b\\" c\\\\" 5\n')
        when = datetime.datetime(1970, 1, 1, 0, 0, 2)
        self.assertEqual(make_line("m", {"x": 1}, {}, when, "s"), "m x=1i 2\n")
        self.assertEqual(make_line("m", {"x": 1}, {}, when), "m x=1i 2000000000\n")
        with self.assertRaises(ValueError):
            make_line("m", {}, {})

    def test_socket(self):
        with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as server:
            path = os.path.join(directory, "s")
            with self.assertRaises(TelegrafUnixSocketClientException):
                TelegrafUnixSocketClient(path).connect()
            server.bind(path)
            server.listen()
            client = TelegrafUnixSocketClient(path, tags={"a": "own", "b": "2"})
            with self.assertRaises(TelegrafUnixSocketClientException):
                client.send_measurement("m", {"x": 1})
            client.connect()
            client.send_measurement("m", {"x": 1}, extra_tags={"a": "1"})
            client.send_measurement("m", {"x": 2})
            client.close()
            connection = server.accept()[0]
            with connection, connection.makefile() as lines:
                self.assertEqual(lines.read(), "m,a=1,b=2 x=1i\nm,a=own,b=2 x=2i\n")


class Net(unittest.TestCase):
    def test_names(self):
        simple = mfutil.net.get_simple_hostname()
        self.assertEqual(simple, socket.gethostname().split(".")[0])
        self.assertTrue(mfutil.net.get_full_hostname().startswith(simple))
        self.assertEqual(mfutil.net.get_ip_for_hostname("127.0.0.9"), "127.0.0.9")
        self.assertEqual(mfutil.get_ipv4_for_hostname("x", {"x": "1.2.3.4"}), "1.2.3.4")
        for name in ("no such host", "a" * 70, "x" * 300):
            self.assertIsNone(mfutil.net.get_ip_for_hostname(name))
            self.assertIsNone(mfutil.get_ipv4_for_hostname(name))

    def test_ports(self):
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            port = server.getsockname()[1]
            self.assertFalse(mfutil.net.ping_tcp_port("127.0.0.1", port, timeout=1))
            server.listen()
            self.assertTrue(mfutil.net.ping_tcp_port("127.0.0.1", str(port)))


class Printing(unittest.TestCase):
    SCRIPT = """
from mfutil.cli import *
echo_running("- One..."); echo_ok("well")
echo_running("- Two..."); echo_nok()
echo_bold("bold")
with MFProgress() as progress:
    task = progress.add_task("- Three...", total=4)
    progress.update(task, advance=2)
    progress.complete_task_warning(task, "late")
    progress.add_task("- Four...")
"""

    def printed(self, **options):
        return subprocess.run([sys.executable, "-c", self.SCRIPT], check=True, **options)

    def test_not_a_terminal(self):
        text = self.printed(stdout=subprocess.PIPE).stdout.decode()
        self.assertEqual(text, "- One... [ OK ] well\n- Two... [ ERROR ]\nbold\n- Three... [ WARNING ] late\n- Four...\n")

    def test_terminal(self):
        master, slave = os.openpty()
        with open(master, "rb") as screen:
            self.printed(stdout=slave, stderr=slave, env={**os.environ, "NOINTERACTIVE": "0"})
            text = os.read(screen.fileno(), 65536).decode()
            os.close(slave)
        self.assertIn("- One...\033[60G[ \033[33mRUNNING\033[0m ]\033[60G\033[K\033[60G[ \033[32mOK\033[0m ] well", text)
        self.assertIn("- Three...\033[60G 50%\r\033[K- Three...\033[60G\033[K\033[60G[ \033[33mWARNING\033[0m ] late", text)


class Processes(unittest.TestCase):
    def test_a_tree_is_killed(self):
        shell = subprocess.Popen(["sh", "-c", "sleep 100 & echo $!; wait"], stdout=subprocess.PIPE)
        child = int(shell.stdout.readline())
        mfutil.kill_process_and_children(shell)
        self.assertEqual(shell.wait(10), -signal.SIGKILL)
        shell.stdout.close()
        deadline = time.monotonic() + 20
        while self.runs(child):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        for pid in (1, 0, -1, os.getpid()):
            with self.assertRaises(ValueError):
                mfutil.kill_process_and_children(pid)

    @staticmethod
    def runs(pid):
        try:
            with open(f"/proc/{pid}/stat") as file:
                return file.read().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return False

    def test_directories_are_watched(self):
        class Inotify:
            def add_watch(self, path, mask):
                return (path, mask)

        with tempfile.TemporaryDirectory() as directory:
            os.makedirs(os.path.join(directory, "a", "b"))
            os.makedirs(os.path.join(directory, ".git", "c"))
            watches = mfutil.add_inotify_watch(Inotify(), directory, ignores=[".*"])
            self.assertEqual(sorted(os.path.relpath(path, directory) for path, _ in watches), [".", "a", "a/b"])
            self.assertEqual({mask for _, mask in watches}, {0x70C})

    def test_hashes(self):
        self.assertEqual(mfutil.hash_generator(1, "a"), mfutil.hash_generator(1, "a"))
        self.assertEqual(len({mfutil.hash_generator(*one) for one in ((1, "a"), ("1", "a"), ("1a",), ())}), 4)


if __name__ == "__main__":
    unittest.main()
