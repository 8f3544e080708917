// SPDX-License-Identifier: Apache-2.0
import React from 'react';

export function Footer() {
  return (
    <footer>
      <nav aria-label="Footer links">
        <a href="/docs/getting-started">Getting started</a>
        <a href="/docs/developer-actions">For developers</a>
        <a href="/imprint">Imprint</a>
        <a href="/privacy">Privacy</a>
      </nav>
      <p>The companies and figures on this site are made up to show what a site like this holds.</p>
      <img src="/img/badge.svg" alt="Texts under the Apache licence, version 2.0" />
    </footer>
  );
}
