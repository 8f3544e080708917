// SPDX-License-Identifier: Apache-2.0
import React from 'react';
import { Hero } from './Hero';
import { UseCaseGrid } from './UseCaseGrid';

const steps = [
  { title: 'Send us one store', text: 'Sales, stock and product texts of a single store are enough for a trial.' },
  { title: 'Look at four weeks', text: 'The order proposals run beside your own. Nobody has to follow them.' },
  { title: 'Decide with figures', text: 'Empty shelves, waste and searches without a hit, before and after.' },
];

export function RetailPage() {
  return (
    <>
      <Hero heading="Full shelves, short queues" image="/img/market.svg" imageAlt="A shop window on a Saturday morning">
        <p>Shoppers say what they need in words of their own. Shelves empty at their own pace. We listen to both.</p>
      </Hero>
      <UseCaseGrid industryId="retail" />
      <h2>How a trial runs</h2>
      {steps.map((step, index) => (
        <div className="step" key={step.title}>
          <h3>
            Step {index + 1}: {step.title}
          </h3>
          <p>{step.text}</p>
        </div>
      ))}
      <button type="button" aria-label="Ask for a trial in one store">
        Try it in one store
      </button>
    </>
  );
}
