# SPDX-License-Identifier: MIT
"""Tests the harness itself: a program without tests must fail."""

import os
import subprocess
import sys
import unittest

import harness

EMPTY = "import harness; harness.main()"
ONE = """
import harness, unittest
class Case(unittest.TestCase):
    def test_passes(self):
        pass
harness.main()
"""


class Main(unittest.TestCase):
    def run_program(self, text):
        done = subprocess.run([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True, timeout=harness.PATIENCE,
                              env=dict(os.environ, PYTHONPATH=os.path.dirname(harness.__file__)), check=False)
        return done.returncode, done.stdout

    def test_a_program_without_tests_fails(self):
        self.assertEqual(self.run_program(EMPTY), (1, "not ok 1 - there is no test\n1..1\n"))

    def test_a_test_that_passes_is_a_success(self):
        self.assertEqual(self.run_program(ONE), (0, "ok 1 - __main__.Case.test_passes\n1..1\n"))


if __name__ == "__main__":
    harness.main()
