// The shapes of the static data. Nothing here is fetched: the site is built from these arrays.

export type UseCaseMode = 'static' | 'dynamic';

export interface Industry {
  /** Slug, used in the address: /industries/<id>. */
  id: string;
  name: string;
  tagline: string;
  description: string;
  challenges: string[];
  /** What a visitor types when the question is about the industry as a whole. */
  exampleQueries: string[];
  keywords: string[];
}

export interface Faq {
  question: string;
  answer: string;
}

export interface UseCase {
  /** Slug, unique over all industries. */
  id: string;
  /** An Industry id. */
  industry: string;
  /** static: answered from fixed content. dynamic: computed from live data. */
  mode: UseCaseMode;
  title: string;
  summary: string;
  problem: string;
  features: string[];
  exampleQueries: string[];
  faqs: Faq[];
  keywords: string[];
}

export interface DeveloperAction {
  id: string;
  title: string;
  summary: string;
  exampleQueries: string[];
  keywords: string[];
}
