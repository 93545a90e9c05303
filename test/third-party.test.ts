import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isAllowed, thirdParties, thirdPartyPage } from '../tools/third-party/third-party.ts';

describe('the licences of what is installed with our packages', () => {
  const parties = thirdParties();

  it('are found, those of dependencies of dependencies too', () => {
    expect(parties.find(({ name }) => name === 'jose')?.broughtBy).toEqual(['session']);
    expect(parties.find(({ name }) => name === 'undici')?.broughtBy).toEqual(['db-router']);
    expect(parties.find(({ name }) => name === 'pg-pool')?.broughtBy).toEqual(['lab', 'ops']);
    expect(parties.filter(({ name }) => name.startsWith('@regionkit/'))).toEqual([]);
  });

  it('are permissive', () => {
    expect(parties.filter(({ license }) => !isAllowed(license))).toEqual([]);
  });

  it('are those of the page', () => {
    expect(readFileSync(new URL('../docs/third-party.md', import.meta.url), 'utf8')).toBe(thirdPartyPage(parties));
  });

  it.each([
    ['MIT', true],
    ['(MIT OR GPL-3.0-only)', true],
    ['MIT AND ISC', true],
    ['MIT AND LGPL-3.0-only', false],
    ['GPL-3.0-only', false],
    ['SEE LICENSE IN LICENSE.md', false],
    ['none', false],
  ])('%s: %s', (license, allowed) => {
    expect(isAllowed(license)).toBe(allowed);
  });
});
