// SPDX-License-Identifier: Apache-2.0
import React from 'react';
import type { Industry } from '../types';

export function IndustryCard({ industry }: { industry: Industry }) {
  return (
    <article className="card">
      <h3>{industry.name}</h3>
      <p>{industry.tagline}</p>
      <ul aria-label="Challenges in this industry">
        {industry.challenges.map((challenge) => (
          <li key={challenge}>{challenge}</li>
        ))}
      </ul>
      <a href={`/industries/${industry.id}`} title="Open the page of this industry">
        Read more
      </a>
    </article>
  );
}
