"""What reading the TSX of real packages by eye showed: texts that are looked up to be translated, markup in data."""

from __future__ import annotations

import pytest
from test_languages import units


def said(markup: str) -> list[str]:
    """What a component says that returns this."""
    found = units("a.tsx", f"export function Page() {{\n  return (\n    {markup}\n  );\n}}\n").get("Page")
    return found.text.splitlines() if found is not None and found.kind == "component_text" else []


@pytest.mark.parametrize(
    ("markup", "lines"),
    [
        ("<button>{t('cart.checkout', 'Checkout')}</button>", ["Checkout"]),
        ("<b>{t('checkout', 'Pay')}{t('cart', { defaultValue: 'Cart', count })}{t('cart.title')}</b>", ["Pay", "Cart"]),
        ("<b>{t('Save')}{t('Delete all')}{t('save')}{t('APP_SAVE')}{t('Common.Save')}</b>", ["Save", "Delete all"]),
        ("<b title={i18n.translate('pages.email', 'Email')} />", ["Email"]),
        ("<b style={{ transform: translate('10px', '20px') }} />", []),
        ("<b>{__('Save', 'some-domain')}{_x('Post', 'what one writes')}</b>", ["Save", "Post"]),
        ("<b>{sprintf(_n('%d item', '%d items', n, 'domain'), n)}</b>", ["%d item", "%d items"]),
        ("<b>{intl.formatMessage({ id: 'a', defaultMessage: 'Next', description: 'On the button' })}</b>", ["Next"]),
        ("<b aria-label={translate({ id: 'a.b', message: 'Pages', description: 'Said of the list' })} />", ["Pages"]),
        ("<Translate id='a.b' description='Said of the list'>Pages</Translate>", ["Pages"]),
        ("<FormattedMessage id='a' defaultMessage='Hello, {name}' description='On top' />", ["Hello, {name}"]),
        ("<Trans i18nKey='a.b title' defaults='Hello <b>you</b>' />", ["Hello <b>you</b>"]),
        ("<Card description='Said of the card' message='And more' />", ["Said of the card", "And more"]),
        ("<b>{show({ message: 'Saved', description: 'All of it is there' })}</b>", ["All of it is there"]),
    ],
)
def test_a_text_to_be_translated_is_said_and_what_is_told_to_translators_is_not(markup: str, lines: list[str]) -> None:
    assert said(markup) == lines


FEATURES = """const Features: Feature[] = [
  {
    title: 'Easy to use',
    Icon: <Logo />,
    description: (
      <>
        It gets your site up <b>quickly</b>. See <Link to="/docs">the docs</Link>.
        <p>There is more &amp; more.</p> <img alt="A chart of it" src="a b c" />
      </>
    ),
  },
] satisfies Feature[];
export const FAQ = { 'What is it?': { question: 'What is it?', answer: <p>A site in {minutes} minutes.</p> } };
"""


def test_markup_in_data_is_what_it_says() -> None:
    found = units("a.tsx", FEATURES)
    assert found.keys() - {"a"} == {"Features.easy-to-use", "FAQ.What is it?"}
    assert found["Features.easy-to-use"].meta["description"].splitlines() == [
        "It gets your site up quickly. See the docs.", "There is more & more.", "A chart of it"
    ]  # fmt: skip
    assert "Icon" not in found["Features.easy-to-use"].meta
    assert found["FAQ.What is it?"].meta["answer"] == "A site in minutes."
