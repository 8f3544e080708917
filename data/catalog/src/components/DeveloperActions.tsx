// SPDX-License-Identifier: Apache-2.0
import React from 'react';
import { developerActions } from '../data/developerActions';

export function DeveloperActions() {
  return (
    <section className="developer">
      <h2>Twelve things to ask about your code</h2>
      <ol>
        {developerActions.map((action) => (
          <li key={action.id}>
            <strong>{action.title}</strong> {action.summary}
            <code>{action.exampleQueries[0]}</code>
          </li>
        ))}
      </ol>
      <p className="note">The assistant reads only the repositories you connect. Code is run in a sandbox without network.</p>
    </section>
  );
}
