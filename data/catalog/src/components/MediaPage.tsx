// SPDX-License-Identifier: Apache-2.0
import React from 'react';
import { mediaUseCases } from '../data/useCases/media';
import { Hero } from './Hero';
import { UseCaseGrid } from './UseCaseGrid';

export function MediaPage() {
  return (
    <>
      <Hero heading="It is in the archive. Somewhere." image="/img/tapes.svg" imageAlt="Shelves of tapes with handwritten labels">
        <p>Find the shot, caption it before the news, and keep the thread below it readable.</p>
      </Hero>
      <UseCaseGrid industryId="media" />
      <section>
        <h2>Search as an editor would</h2>
        <ul>
          {mediaUseCases.map((useCase) => (
            <li key={useCase.id}>
              {useCase.title}: <q>{useCase.exampleQueries[0]}</q>
            </li>
          ))}
        </ul>
        <h2>What we do not do</h2>
        <p>No texts are written for publication. No comment is deleted without a rule you wrote.</p>
      </section>
    </>
  );
}
