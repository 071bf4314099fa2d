"""checks.py: what needs no boards: the cables, and what plays judge by."""
import sys
import unittest

suite = unittest.defaultTestLoader.loadTestsFromNames(["cable_check", "watch_check"])
result = unittest.TextTestRunner(verbosity=0).run(suite)
failed = len(result.failures) + len(result.errors)
print(f"{result.testsRun - failed} passed, {failed} failed")
sys.exit(failed > 0)
