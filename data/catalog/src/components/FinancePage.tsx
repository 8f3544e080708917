// SPDX-License-Identifier: Apache-2.0
import React from 'react';
import { FaqSection } from './FaqSection';
import { Hero } from './Hero';
import { UseCaseGrid } from './UseCaseGrid';
import { financeUseCases } from '../data/useCases/finance';

export function FinancePage({ auditMode = false }: { auditMode?: boolean }) {
  return (
    <>
      <Hero heading="Quick, and able to say why" image="/img/ledger.svg" imageAlt="An open ledger with one line marked">
        <p>Each alert carries its reasons. Each answer about a fee carries its clause.</p>
      </Hero>
      {auditMode ? (
        <aside aria-label="Note for auditors">
          You are reading this page as an auditor: model cards and validation reports are linked at each assistant.
        </aside>
      ) : (
        <p>Auditors find model cards and validation reports under a login of their own.</p>
      )}
      <UseCaseGrid industryId="finance" />
      <h2>Three promises</h2>
      <ol>
        <li>No decision on credit is taken by a model.</li>
        <li>Every score can be recomputed a year later.</li>
        <li>A customer can ask for the reasons and gets them in writing.</li>
      </ol>
      <FaqSection faqs={financeUseCases.flatMap((useCase) => useCase.faqs)} />
    </>
  );
}
