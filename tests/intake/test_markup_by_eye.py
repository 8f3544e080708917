"""What reading the TSX of real packages by eye showed: texts that are looked up to be translated, markup in data."""

from __future__ import annotations

import time

import pytest
from test_languages import units

from modelmill.normalize.entries import DRAWN


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
        ("<b>{show({ message: 'Saved', description: 'All of it is there' })}</b>", ["Saved", "All of it is there"]),
    ],
)
def test_a_text_to_be_translated_is_said_and_what_is_told_to_translators_is_not(markup: str, lines: list[str]) -> None:
    assert said(markup) == lines


@pytest.mark.parametrize(
    ("markup", "lines"),
    [
        ("<style>{`svg { display: block; position: absolute }`}</style>", []),
        ("<script>{`Some.words(of, a, program)`}</script>", []),
        ("<b css={css`Display: block; color: ${'Red as a rose'}`}>{gql`query Some { words }`}</b>", []),
        ("<b>{t`Your cart is empty`}{t`Save`}</b>", ["Your cart is empty", "Save"]),
        ('<b title="Crop &amp; turn &#39;it&#39;" alt={"A &amp; B"} />', ["Crop & turn 'it'", "A &amp; B"]),
        ("<p>Signed in as {user.name}, {count} items of {all(of, them)}.</p>", ["Signed in as …, … items of …."]),
        ("<p>No item of type <code>{name}</code> {/* yet */} is valid.</p>", ["No item of type … is valid."]),
        ("<p>Some {items.map((one) => <b>Each item</b>)}{' '}and more</p>", ["Some and more", "Each item"]),
        ("<p>Step {index + 1}: {title}{last && <b>It is the last</b>}</p>", ["Step …: …", "It is the last"]),
        ("<p>{user.name}</p>", []),
    ],
)
def test_styles_are_silent_and_values_in_a_sentence_are_an_ellipsis(markup: str, lines: list[str]) -> None:
    assert said(markup) == lines


@pytest.mark.parametrize(
    ("markup", "lines"),
    [
        ("<b title={open ? 'Close' : 'Open'} label={name || 'Untitled'} />", ["Close", "Open", "Untitled"]),
        ("<b>{busy ? 'Saving' : all ? 'All' : 'Save'}{mode === 'Dark' && 'On'}</b>", ["Saving", "All", "Save", "On"]),
        ("<b label='ra.action.save' title={x ?? 'menu.title'} placeholder='example.com' />", ["example.com"]),
        ("<b help={__('Not saved')} rel='a b c' />", ["Not saved"]),
        ("<b rules={[{ message: translate('a.b', 'No address') }]} />", ["No address"]),
        ("<b mainTooltip='More' aria-valuetext='Half' href={__('https://example.com/A/B')} />", ["More", "Half"]),
        ("<Menu items={[{ label: 'Edit', icon: 'Pen', id: 'The one' }, <i />]} />", ["Edit", "The one"]),
        ("<b onClick={() => { console.log('All of it is done'); throw new Error('It is not there'); }}>x<i /></b>", []),
        ("<b onClick={() => { throw new Error(__('It is not there')); }} />", ["It is not there"]),
        ("<b title={`Step ${n}`}>{f(invariant(x, 'There must be one'), 'Some words')}</b>", ["Step …", "Some words"]),
        ('<p>Track & trace, AT&T &amp; more<img src="https://a.b/c?d=1&e=2" /></p>', ["Track & trace, AT&T & more"]),
    ],
)  # fmt: skip
def test_each_branch_that_is_shown_is_said_and_no_key_address_or_word_to_programmers(
    markup: str, lines: list[str]
) -> None:
    assert said(markup) == lines


STORIES = """const Template = (args) => <Card {...args} />;
export const Open = Template.bind({});
Open.args = { label: 'Opened', children: <p>It is open.</p> };
export const columns = [{ header: 'Name of it', cell: ({ row }) => <Cell>No name yet {row.id}</Cell> }];
const statusLabel = (status) => (status === 'Done' ? __('All done') : _x('Waiting', 'of a job'));
export function Dialog({ closeLabel = 'Close', size = 'Large', ...rest }) { return <Modal {...rest} />; }
"""


def test_functions_in_data_what_is_assigned_and_texts_to_be_translated_are_components() -> None:
    found = {one.name: one.text for one in units("a.tsx", STORIES).values() if one.kind == "component_text"}
    assert found == {
        "Open.args": "Opened\nIt is open.",
        "columns": "No name yet …",
        "statusLabel": "All done\nWaiting",
        "Dialog": "Close",
    }


def test_a_text_that_data_has_looked_up_is_its_value() -> None:
    found = units(
        "a.ts",
        "export const styles = [{ id: 'a', label: __('Solid line', 'domain') },"
        " { id: 'b', label: t('border.dashed', 'Dashed one') }, { id: 'c', title: t`Dotted`,"
        " hint: t('border.none'), more: f('Not a text') }];\n",
    )
    assert [one.text.splitlines() for one in found.values() if one.kind == "entry"] == [
        ["Solid line"], ["Dashed one"], ["Dotted"]
    ]  # fmt: skip
    assert "hint" not in found["styles.c"].meta and "more" not in found["styles.c"].meta


def test_a_styled_component_says_nothing() -> None:
    text = "export const Root = styled.div`\n  position: absolute;\n  color: ${({ theme }) => 'Some red'};\n`;\n"
    assert not any(one.kind == "component_text" for one in units("a.tsx", text).values())


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("1px solid #ddd", False), ("0 8px 0 8px", False), ("3fr 1fr 1fr 2fr 30px", False),
        ("opacity .2s ease-in", False), ("0 auto 2rem", False), ("all 150ms linear, 10px", False),
        ("2 auto repairs", True), ("all 5 ms of it", True),
        ("Solid auto parts", True),
        ("5s are enough", True), ("12 pt", True), ("none both", True),
    ],
)  # fmt: skip
def test_how_wide_something_is_drawn_is_not_told(value: str, kept: bool) -> None:
    assert bool(units("a.ts", f"export const box = {{ style: '{value}' }};").get("box")) == kept


@pytest.mark.parametrize(
    "value", ["1" * 200_000, "0 " * 100_000 + "x", "1px " * 50_000 + "x", "0" + " " * 200_000 + "x"]
)
def test_a_long_value_is_told_from_a_drawn_one_in_no_time(value: str) -> None:
    began = time.process_time()
    assert DRAWN.fullmatch(value) is None
    assert time.process_time() - began < 1


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
    assert found["FAQ.What is it?"].meta["answer"] == "A site in … minutes."


def test_the_messages_of_react_intl_are_what_they_say() -> None:
    found = units(
        "a.ts",
        """export const tour = { create: { title: { id: 'app.create', defaultMessage: 'Create' } } };
export const options = [{ intlLabel: { id: 'Usecase.Front end', defaultMessage: 'Front-end developer' }, value: 'fe' }];
""",
    )
    assert found.keys() - {"a"} == {"tour.create.title", "options.0"}
    assert (found["tour.create.title"].text, found["tour.create.title"].signature) == ("Create", "Create")
    assert found["options.0"].text.splitlines() == ["Intl label:", "- Front-end developer", "Value: fe"]
