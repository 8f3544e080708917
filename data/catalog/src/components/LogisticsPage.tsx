// SPDX-License-Identifier: Apache-2.0
import React from 'react';
import { Hero } from './Hero';
import { SearchBox } from './SearchBox';
import { UseCaseGrid } from './UseCaseGrid';

export function LogisticsPage({ onAsk }: { onAsk: (text: string) => void }) {
  return (
    <>
      <Hero heading="Between eight and five is not a time" image="/img/dock.svg" imageAlt="A truck backing into dock seven">
        <p>Say when it comes. Say it again when that changes.</p>
        <SearchBox placeholder="Shipment number or question" onAsk={onAsk} />
      </Hero>
      <UseCaseGrid industryId="logistics" />
      <section>
        <h2>From order to dock</h2>
        <ol>
          <li>The picks are put in walking order.</li>
          <li>The tours are planned, and planned again when a truck stands still.</li>
          <li>The papers for the border are checked against a list.</li>
          <li>The receiver knows the window, and is told when it moves.</li>
        </ol>
      </section>
    </>
  );
}
