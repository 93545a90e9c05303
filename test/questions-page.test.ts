import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pathsIn } from './page-paths.ts';

const PAGE = readFileSync(new URL('../docs/questions.md', import.meta.url), 'utf8');

/** What a lead engineer asks before a yes, and a word of the question on the page. */
const TOPICS: Readonly<Record<string, RegExp>> = {
  'how to install it': /install/,
  'who promotes': /promotes/,
  'lost writes': /writes be lost/,
  'the old primary': /old primary/,
  hosts: /RDS, Aurora, Cloud SQL, Neon, Supabase/,
  ORMs: /ORMs/,
  frameworks: /Nest, Next, serverless/,
  migrations: /migrations/,
  'browsers and mobile apps': /single-page and mobile/,
  'jobs and websockets': /jobs, queues and websockets/,
  poolers: /poolers/,
  capacity: /connections and requests/,
  overhead: /overhead/,
  rotation: /rotated/,
  drain: /process leave/,
  'a new region': /region added/,
  'going back': /earlier version/,
  versions: /versions are supported/,
  comparison: /compare/,
  'who it is not for': /not for/,
};

const SECTIONS = [...PAGE.matchAll(/^### (\d+)\. (.+)\n\n([\s\S]*?)\n(?=\n#)/gm)].map(
  ([, number, question = '', answer = '']) => ({ number: Number(number), question, answer }),
);

describe('the twenty questions', () => {
  it('are numbered from 1 to 20', () => {
    expect(SECTIONS.map(({ number }) => number)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
  });

  it.each(Object.keys(TOPICS))('one of them is about %s', (topic) => {
    expect(SECTIONS.filter(({ question }) => TOPICS[topic]?.test(question))).toHaveLength(1);
  });

  // That the links lead to pages and headings that are there is held for every page: page-paths.test.ts.
  it.each(SECTIONS)('$number. $question has a short answer and a link', ({ answer }) => {
    expect(pathsIn(answer).links.length).toBeGreaterThan(0);
    const text = answer.replaceAll(/\[[^\]]*\]\([^)]*\)/g, '');
    expect(text.length).toBeGreaterThan(60);
    expect(text.length).toBeLessThan(420);
  });
});
