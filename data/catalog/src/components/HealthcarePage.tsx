// SPDX-License-Identifier: Apache-2.0
import React from 'react';
import { healthcareUseCases } from '../data/useCases/healthcare';
import { FaqSection } from './FaqSection';
import { Hero } from './Hero';
import { UseCaseGrid } from './UseCaseGrid';

export function HealthcarePage() {
  return (
    <>
      <Hero heading="Back to the bedside" image="/img/ward.svg" imageAlt="A nurse at a bed, the computer switched off">
        <p>Requests sorted before the desk opens. Records on one page. Urgent scans on top.</p>
        <p>Nothing here makes a diagnosis. A clinician sees every proposal before a patient does.</p>
      </Hero>
      <UseCaseGrid industryId="healthcare" />
      <section>
        <h2>What stays in the hospital</h2>
        <ul>
          <li>Patient data: all of it. The models run on your own servers.</li>
          <li>The decision: a proposal without a signature does nothing.</li>
          <li>The log: who saw which proposal, and what they made of it.</li>
        </ul>
      </section>
      <FaqSection faqs={healthcareUseCases.flatMap((useCase) => useCase.faqs)} heading="What clinics ask us" />
    </>
  );
}
