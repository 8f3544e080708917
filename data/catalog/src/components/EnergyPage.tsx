// SPDX-License-Identifier: Apache-2.0
import React from 'react';
import { Hero } from './Hero';
import { UseCaseGrid } from './UseCaseGrid';

export function EnergyPage({ outageCount = 0 }: { outageCount?: number }) {
  return (
    <>
      {outageCount > 0 && (
        <div role="alert">
          There are {outageCount} power cuts in your area. <a href="/outages">See when the power is expected back</a>
        </div>
      )}
      <Hero heading="Every quarter of an hour counts" image="/img/grid.svg" imageAlt="A control room wall with a load curve">
        <p>Forecast the load, watch the turbines, tell people what is going on.</p>
      </Hero>
      <UseCaseGrid industryId="energy" />
      <section>
        <h2>For households</h2>
        <p>Seventy checked tips, sorted by what they cost and what they save. No brand names.</p>
        <button type="button">Print the checklist</button>
      </section>
    </>
  );
}
