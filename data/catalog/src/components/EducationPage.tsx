// SPDX-License-Identifier: Apache-2.0
import React from 'react';
import { educationUseCases } from '../data/useCases/education';
import { FaqSection } from './FaqSection';
import { Hero } from './Hero';
import { UseCaseGrid } from './UseCaseGrid';

type Audience = 'teacher' | 'student';

export function EducationPage({ audience }: { audience: Audience }) {
  return (
    <>
      <Hero heading="Feedback before the deadline" image="/img/class.svg" imageAlt="A marked draft next to a cup of tea">
        <p>
          {audience === 'teacher'
            ? 'Your marking scheme, your comments, your decision. We do the first reading.'
            : 'We ask you questions about your draft. The writing stays with you.'}
        </p>
      </Hero>
      <UseCaseGrid industryId="education" />
      <blockquote>
        <p>The list on Monday has eleven names. I talk to eleven people. That is the whole trick.</p>
        <footer>A tutor in a pilot, first year of engineering</footer>
      </blockquote>
      <FaqSection faqs={educationUseCases.flatMap((useCase) => useCase.faqs)} heading="Asked in the staff room" />
    </>
  );
}
