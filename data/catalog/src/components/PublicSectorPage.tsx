// SPDX-License-Identifier: Apache-2.0
import React from 'react';
import { Hero } from './Hero';
import { UseCaseGrid } from './UseCaseGrid';

export function PublicSectorPage() {
  return (
    <>
      <Hero heading="Ask as you would at the counter" image="/img/hall.svg" imageAlt="A town hall counter with nobody waiting">
        <p>You do not have to know what the form is called.</p>
      </Hero>
      <UseCaseGrid industryId="public-sector" />
      <section>
        <h2>Open to everyone</h2>
        <ul>
          <li>Plain language on every page, and sign-language videos on the most used ones</li>
          <li>Works with a keyboard alone and with a screen reader</li>
          <li>No account needed to ask or to report</li>
        </ul>
        <p>
          Prefer to talk? <a href="tel:115">Call the citizen line</a> on weekdays from eight to six.
        </p>
      </section>
    </>
  );
}
