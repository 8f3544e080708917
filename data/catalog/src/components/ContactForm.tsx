// SPDX-License-Identifier: Apache-2.0
import React, { useState } from 'react';

export function ContactForm() {
  const [sent, setSent] = useState(false);

  if (sent) {
    return (
      <div role="status">
        <h2>Thank you</h2>
        <p>Your message is with the team. You will hear from us within two working days.</p>
      </div>
    );
  }
  return (
    <form
      aria-label="Contact form"
      onSubmit={(event) => {
        event.preventDefault();
        setSent(true);
      }}
    >
      <h2>Ask a person</h2>
      <label htmlFor="name">Your name</label>
      <input id="name" name="name" placeholder="How shall we address you?" required />
      <label htmlFor="email">E-mail address for the reply</label>
      <input id="email" name="email" type="email" placeholder="you@example.org" required />
      <label htmlFor="topic">What is it about?</label>
      <select id="topic" name="topic">
        <option value="demo">I would like a demonstration</option>
        <option value="pilot">We want to start a pilot</option>
        <option value="security">A question of data protection or security</option>
        <option value="other">Something else</option>
      </select>
      <label htmlFor="message">Message</label>
      <textarea id="message" name="message" rows={6} placeholder="Two or three sentences are enough." />
      <p className="hint">We use your details only to answer. They are deleted after six months.</p>
      <button type="submit">Send message</button>
    </form>
  );
}
