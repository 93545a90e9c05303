import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { importCircles, readSources, type Sources } from '../tools/floors.ts';

const PACKAGES = fileURLToPath(new URL('../packages/', import.meta.url));
const names = readdirSync(PACKAGES);
const sourcesOf = (name: string): Sources => readSources(`${PACKAGES}${name}/src`);

/** The packages of ours that a package names in an import, of a type or when it is needed. */
function importedBy(name: string): readonly string[] {
  const texts = [...sourcesOf(name).values()];
  const found = texts.flatMap((text) => [...text.matchAll(/(?:from|import\() ?'@regionkit\/([a-z-]+)/g)]);
  return [...new Set(found.map(([, other = '']) => other))].filter((other) => other !== name).sort();
}

describe('the packages, as ARCHITECTURE.md draws them', () => {
  it.each(names)('%s has no files that import each other', (name) => {
    const sources = sourcesOf(name);
    expect(sources.size).toBeGreaterThan(0);
    expect(importCircles(sources)).toEqual([]);
  });

  it('core imports none of ours', () => {
    expect(importedBy('core')).toEqual([]);
  });

  it.each(names.filter((name) => !['core', 'ops', 'regionkit'].includes(name)))('%s imports core alone', (name) => {
    expect(importedBy(name)).toEqual(['core']);
  });

  it('ops and regionkit stand above the others', () => {
    expect(importedBy('ops')).toEqual(['affinity', 'console', 'core', 'db-router', 'health', 'lab']);
    expect(importedBy('regionkit')).toEqual(['affinity', 'config', 'core', 'db-router', 'health', 'session']);
  });
});
