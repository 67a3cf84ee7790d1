"""`make docs`: writes the generated parts of the documentation again. A test holds that they are current."""

from pathlib import Path

import blocks
import live_picture
import rule_pages


def copy_schemas() -> list[Path]:
    """The JSON Schemas, as the package ships them; returns those that changed."""
    changed = []
    for source, target in (
        ("compiler/report/lint.schema.json", "docs/lint-json.schema.json"),
        ("compiler/dfgraph.schema.json", "docs/dfgraph.schema.json"),
    ):
        text = (blocks.ROOT / source).read_text(encoding="utf-8")
        path = blocks.ROOT / target
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed


# Each writes what it makes, and returns the paths that changed.
STEPS = (copy_schemas, rule_pages.write, live_picture.write, blocks.refresh)


def main() -> None:
    """Runs every step and says what changed."""
    for step in STEPS:
        for path in step():
            print(f"wrote {path.relative_to(blocks.ROOT)}")


if __name__ == "__main__":
    main()
