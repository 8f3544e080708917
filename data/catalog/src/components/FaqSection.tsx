// SPDX-License-Identifier: Apache-2.0
import React from 'react';
import type { Faq } from '../types';

export function FaqSection({ faqs, heading = 'Questions people ask first' }: { faqs: Faq[]; heading?: string }) {
  if (faqs.length === 0) {
    return <p className="empty">No questions have been collected for this page yet.</p>;
  }
  return (
    <section aria-label="Frequently asked questions">
      <h2>{heading}</h2>
      <dl>
        {faqs.map(({ question, answer }) => (
          <React.Fragment key={question}>
            <dt>{question}</dt>
            <dd>{answer}</dd>
          </React.Fragment>
        ))}
      </dl>
      <p>
        Your question is not here? <a href="/contact">Write to us</a>, we answer within two working days.
      </p>
    </section>
  );
}
