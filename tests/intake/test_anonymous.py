"""Java's classes without a name: what their methods are called, and which of them are listed."""

from __future__ import annotations

from test_languages import units

ANONYMOUS = """enum Op {
  PLUS {
    /** Adds two numbers. */
    int apply(int a, int b) { return a + b; }
  };
  static final Comparator<String> SHORTER = new Comparator<String>() {
    /** The shorter one first. */
    public int compare(String a, String b) { return a.length() - b.length(); }
  };
  static final List<Runnable> ALL = List.of(new Hooks.Late<String>() {
    /** Ends it. */
    public void run() { end(); }
  });
  static {
    register(new Hook() {
      /** Says so. */
      public void fire() { say(); }
    });
  }
  /** Makes one. */
  Runnable made() {
    class Local { void in() { a(); } }
    return new Runnable() {
      /** Begins it. */
      public void run() { begin(); }
    };
  }
}
"""


def test_methods_of_classes_without_a_name_are_called_after_what_holds_these() -> None:
    found = units("Op.java", ANONYMOUS)
    assert [unit.name for unit in found.values() if unit.kind == "method"] == [
        "Op.PLUS.apply", "Op.SHORTER.compare", "Op.Late.run", "Op.Hook.fire", "Op.made",
    ]  # fmt: skip
    assert "Begins it." in found["Op.made"].text, "what is in a method is a part of it"
    said = found["Op"].text.splitlines()
    assert said[:6] == ["enum Op {", "    PLUS", "    new Comparator<String>()", "    new Hooks.Late<String>()",
                        "    new Hook()", "    Runnable made()"]  # fmt: skip
