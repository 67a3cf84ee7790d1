"""docs/gallery/ shows the examples as they are drawn now. `make gallery` draws them again."""

from pathlib import Path

from dfsql.cli import main

ROOT = Path(__file__).parents[2]


def test_the_gallery_is_current(tmp_path: Path) -> None:
    for example in sorted((ROOT / "examples").glob("*.dfsql")):
        assert main(["explain", str(example), "--format", "svg", "-o", str(tmp_path)]) == 0
    drawn = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    kept = {path.name: path.read_bytes() for path in (ROOT / "docs" / "gallery").glob("*.svg")}
    assert len(drawn) >= 8
    assert kept.keys() == drawn.keys()
    assert [name for name in sorted(drawn) if kept[name] != drawn[name]] == []
