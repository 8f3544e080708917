// SPDX-License-Identifier: Apache-2.0
import React from 'react';

interface HeroProps {
  heading: string;
  children?: React.ReactNode;
  image?: string;
  imageAlt?: string;
}

export function Hero({ heading, children, image, imageAlt }: HeroProps) {
  return (
    <header className="hero">
      <h1>{heading}</h1>
      <div className="hero-text">{children}</div>
      {image ? <img src={image} alt={imageAlt ?? ''} /> : null}
      <a className="button primary" href="#use-cases" aria-label="Jump to the use cases">
        See what it does
      </a>
      <a className="button" href="/contact">
        Talk to a person
      </a>
    </header>
  );
}
