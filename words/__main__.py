"""`bin/words [--missing]`"""

from __future__ import annotations

import argparse

from words.catalogs import LANGUAGES, as_mo, as_po, extracted, file_of, missing, updated


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/words", description="Update the catalogs of translations.")
    parser.add_argument("--missing", action="store_true", help="only list what is not translated")
    given = parser.parse_args()
    said, lacking = extracted(), 0
    for language in LANGUAGES:
        catalog = updated(language, said)
        if not given.missing:
            file_of(language, "po").parent.mkdir(parents=True, exist_ok=True)
            file_of(language, "po").write_bytes(as_po(catalog))
            file_of(language, "mo").write_bytes(as_mo(catalog))
        left = missing(catalog)
        lacking += len(left)
        print(f"{language}: {len(catalog)} messages, {len(left)} to translate in {file_of(language, 'po')}")
        for message in left:
            print(f"  {message.locations[0][0]}: {message.id!r}")
    return 1 if lacking else 0


if __name__ == "__main__":
    raise SystemExit(main())
