"""One line for each rule, and a last one that counts them."""

passed, failed = 0, 0


def verdict(rule, found):
    """`found` is what breaks the rule, one text for each place."""
    global passed, failed
    found = list(found)
    if found:
        failed += 1
        print(f"recipes: FAILED: {rule}")
        for what in found:
            print(f"    {what}")
    else:
        passed += 1
        print(f"recipes: ok: {rule}")


def close():
    """The exit code."""
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0
