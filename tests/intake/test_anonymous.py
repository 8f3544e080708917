"""Java's classes without a name: what their methods are called, and which of them are listed."""

from __future__ import annotations

from linear_time import takes_at_most
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


def test_a_class_without_a_name_that_has_nothing_in_it_is_no_member() -> None:
    text = "/** Holds it. */\nclass A {\n  Type<B> type = new Type<>() {};\n  Object all = list(new Type<C>() {});\n}\n"
    assert units("A.java", text)["A"].text == text.strip(), "a class without members stands as it is"


def test_classes_in_classes_without_names_take_linear_time() -> None:
    def nested(size: int) -> str:
        return f"class A {{ Object a = {'f(new X() { Object b = ' * size}1{'; })' * size}; }}"

    assert takes_at_most(7, lambda text: units("A.java", text), nested(3200), nested(800), 0.3)
