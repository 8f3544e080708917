// SPDX-License-Identifier: Apache-2.0
import React, { useState } from 'react';

interface SearchBoxProps {
  placeholder?: string;
  onAsk: (text: string) => void;
}

/** The ask-anything field in the page header. */
export const SearchBox = ({ placeholder = 'Ask in your own words', onAsk }: SearchBoxProps) => {
  const [text, setText] = useState('');
  const tooShort = text.trim().length < 3;

  return (
    <form
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        if (!tooShort) onAsk(text.trim());
      }}
    >
      <input value={text} placeholder={placeholder} aria-label="Your question" onChange={(event) => setText(event.target.value)} />
      <button type="submit" disabled={tooShort}>
        Ask
      </button>
      {tooShort ? <small>Type at least three letters.</small> : <small>Press Enter to ask.</small>}
    </form>
  );
};
