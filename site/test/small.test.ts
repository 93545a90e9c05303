import { describe, expect, it } from 'vitest';
import { repositoryOf } from '../src/repository.ts';
import { slug } from '../src/slug.ts';
import { titleOf } from '../src/title.ts';

describe('slug()', () => {
  it.each([
    ['The first deployment', 'the-first-deployment'],
    ['3. Put the router where the pool was', '3-put-the-router-where-the-pool-was'],
    ['What "60 s of failover" really takes', 'what-60-s-of-failover-really-takes'],
    ["The session in Hono's context", 'the-session-in-honos-context'],
    ['ERR_NO_PRIMARY: 503', 'err_no_primary-503'],
    ['confirm, run & resume', 'confirm-run--resume'],
    ['Größe', 'größe'],
  ])('%s', (heading, expected) => {
    expect(slug(heading)).toBe(expected);
  });
});

describe('titleOf()', () => {
  it.each([
    ['# Guide\n\n# Not this', 'Guide'],
    ['text\n# 10. `affinity.pin()` is an option', '10. affinity.pin() is an option'],
    ['## Not a title', undefined],
  ])('%j', (page, expected) => {
    expect(titleOf(page)).toBe(expected);
  });
});

describe('repositoryOf()', () => {
  it.each([
    [{ repository: { url: 'git+https://git.example/shop.git' } }, 'https://git.example/shop'],
    [{ repository: 'https://git.example/shop' }, 'https://git.example/shop'],
    [{}, 'https://github.com/regionkit/regionkit'],
  ])('%j', (manifest, expected) => {
    expect(repositoryOf(manifest)).toBe(expected);
  });
});
