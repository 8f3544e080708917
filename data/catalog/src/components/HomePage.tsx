// SPDX-License-Identifier: Apache-2.0
import React from 'react';
import { industries } from '../data/industries';
import { DeveloperActions } from './DeveloperActions';
import { Footer } from './Footer';
import { Hero } from './Hero';
import { IndustryCard } from './IndustryCard';

export function HomePage() {
  return (
    <>
      <Hero heading="Assistants for nine industries" image="/img/desk.svg" imageAlt="A desk with a map, a scan and a parcel">
        <p>Choose the industry you work in. Each page shows four assistants, what they need and what they leave to people.</p>
      </Hero>
      <main>
        <h2>Where do you work?</h2>
        <div className="cards">
          {industries.map((industry) => (
            <IndustryCard key={industry.id} industry={industry} />
          ))}
        </div>
        <h2>Or are you here as a developer?</h2>
        <p>Point the developer assistant at your own repository and ask.</p>
        <DeveloperActions />
      </main>
      <Footer />
    </>
  );
}
