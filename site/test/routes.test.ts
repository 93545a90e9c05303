import { describe, expect, it } from 'vitest';
import { isPage, isPicture, routeOf } from '../src/routes.ts';

describe('isPage()', () => {
  it.each([
    ['README.md', true],
    ['SECURITY.md', true],
    ['docs/hosts/rds.md', true],
    ['packages/db-router/HTTP.md', true],
    ['packages/db-router/CHANGELOG.md', false],
    ['packages/db-router/test/notes.md', false],
    ['infra/pipeline/gitlab.md', true],
    ['examples/README.md', true],
    ['.changeset/words.md', false],
    ['etc/core.api.md', false],
    ['site/README.md', false],
    ['docs/figures/router.svg', false],
  ])('%s: %s', (file, expected) => {
    expect(isPage(file)).toBe(expected);
  });
});

describe('isPicture()', () => {
  it.each([
    ['docs/figures/router.svg', true],
    ['packages/console/page/icon.svg', true],
    ['docs/guide.md', false],
  ])('%s: %s', (file, expected) => {
    expect(isPicture(file)).toBe(expected);
  });
});

describe('routeOf()', () => {
  it.each([
    ['README.md', 'index.md'],
    ['docs/guide.md', 'guide.md'],
    ['docs/decisions/README.md', 'decisions/index.md'],
    ['packages/db-router/README.md', 'packages/db-router/index.md'],
    ['packages/db-router/HTTP.md', 'packages/db-router/http.md'],
    ['ARCHITECTURE.md', 'architecture.md'],
    ['docs/figures/router.svg', 'figures/router.svg'],
  ])('%s is %s', (file, route) => {
    expect(routeOf(file)).toBe(route);
  });
});
