// SPDX-License-Identifier: Apache-2.0
import React, { useState } from 'react';
import { useCasesOf } from '../data/useCases';
import type { UseCase } from '../types';

function ModeBadge({ mode }: { mode: UseCase['mode'] }) {
  return mode === 'dynamic' ? (
    <span className="badge" title="Computed from your live data">
      Live data
    </span>
  ) : (
    <span className="badge" title="Answered from reviewed text">
      Reviewed content
    </span>
  );
}

export function UseCaseGrid({ industryId }: { industryId: string }) {
  const [filter, setFilter] = useState('');
  const shown = useCasesOf(industryId).filter((useCase) =>
    useCase.title.toLowerCase().includes(filter.toLowerCase()),
  );

  return (
    <section id="use-cases">
      <h2>What it can do for you</h2>
      <label>
        Filter by name
        <input
          value={filter}
          placeholder="Start typing a title"
          aria-label="Filter the assistants by name"
          onChange={(event) => setFilter(event.target.value)}
        />
      </label>
      {shown.length === 0 && <p>No assistant has that in its name. Clear the field to see all four.</p>}
      <div className="grid">
        {shown.map((useCase) => (
          <article key={useCase.id}>
            <h3>{useCase.title}</h3>
            <ModeBadge mode={useCase.mode} />
            <p>{useCase.summary}</p>
            <button type="button">Try an example</button>
          </article>
        ))}
      </div>
    </section>
  );
}
