import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { projectFiles } from '../../test/project-files.ts';
import { isPage } from '../src/routes.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const GLOSSARY = 'docs/glossary.md';
const read = (page: string): string => readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8').toLowerCase();

describe('the glossary', () => {
  const terms = [...read(GLOSSARY).matchAll(/\*\*([^*]+)\*\*/g)].map(([, term = '']) => term);

  it('explains each term once', () => {
    expect(terms).toContain('fence');
    expect(terms.length).toBeGreaterThan(40);
    expect(terms.filter((term, at) => terms.indexOf(term) !== at)).toEqual([]);
  });

  it('explains only terms that other pages use', () => {
    const pages = projectFiles(ROOT).filter((file) => isPage(file) && file !== GLOSSARY);
    const text = pages.map(read).join('\n');
    expect(terms.filter((term) => !new RegExp(`\\b${term.replace(/[ -]/g, '[\\s-]')}`).test(text))).toEqual([]);
  });
});
