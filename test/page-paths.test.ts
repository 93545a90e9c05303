import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { anchorsIn, isNamed, pathsIn } from './page-paths.ts';
import { projectFiles } from './project-files.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

/** What a run of a tool makes, and a user's own files: named on a page, and not in the repository. */
const MADE = new Set([
  './deploy.sh',
  '.github/workflows/',
  'coverage/coverage-summary.json',
  '.regionkit/proof/',
  'package.json',
  'regionkit.config.js',
  'report.md',
  'summary.json',
]);

const FILES = projectFiles(ROOT);
/** As a page may name a file: from the root, from `packages`, from a package, from its sources, or a test by its name. */
const NAMES = FILES.flatMap((file) => [
  file,
  ...[/^packages\/(.*)/, /^packages\/[^/]+\/(.*)/, /^packages\/[^/]+\/src\/(.*)/, /\/test\/.*?([^/]+)$/].flatMap(
    (from) => from.exec(file)?.[1] ?? [],
  ),
]);
const PAGES = FILES.filter((file) => /^(?:(?:docs|infra|runbooks)\/.*|packages\/[^/]+\/[A-Z]+|[A-Z]+)\.md$/.test(file));
const read = (page: string): string => readFileSync(join(ROOT, page), 'utf8');

describe('pathsIn()', () => {
  it('finds files, folders, patterns and links, and no routes, packages or blocks of code', () => {
    const page = [
      'See `routing/decide.ts`, `topology/` and `statements/*.ts`.',
      'Not `/health/`, `@types/pg`, `a/b` or `createHealth()`.',
      '```sh',
      'cat `none.ts`',
      '```',
      'The [guide](docs/guide.md#start), [below](#below) and [a site](https://example.com/a.md#start).',
    ].join('\n');
    expect(pathsIn(page)).toEqual({
      code: [
        { path: 'routing/decide.ts', line: 1 },
        { path: 'topology/', line: 1 },
        { path: 'statements/*.ts', line: 1 },
      ],
      links: [
        { path: 'docs/guide.md', line: 6, anchor: 'start' },
        { path: '', line: 6, anchor: 'below' },
      ],
    });
  });
});

describe('anchorsIn()', () => {
  it('makes the anchors of a git host: small letters, no signs, a number for a repeated heading, and none from code', () => {
    const page = [
      '# `createHealth` is a factory, not a class',
      '## Node.js 20.19',
      '## Twice',
      '## Twice',
      '```sh',
      '# not a heading',
      '```',
      '### The [guide](guide.md) for it',
    ].join('\n');
    expect([...anchorsIn(page)]).toEqual([
      'createhealth-is-a-factory-not-a-class',
      'nodejs-2019',
      'twice',
      'twice-1',
      'the-guide-for-it',
    ]);
  });
});

describe('isNamed()', () => {
  const files = ['src/a.ts', 'src/deep/b.ts'];
  it.each([
    ['src/a.ts', true],
    ['src/', true],
    ['src/*.ts', true],
    ['src/deep', true],
    ['src/b.ts', false],
    ['src/d', false],
    ['src/aXts', false],
  ])('%s: %s', (path, expected) => {
    expect(isNamed(path, files)).toBe(expected);
  });
});

describe('the pages', () => {
  it('name files that are there', () => {
    expect(PAGES).toContain('ARCHITECTURE.md');
    expect(PAGES.length).toBeGreaterThan(20);
    const missing = PAGES.flatMap((page) =>
      pathsIn(read(page))
        .code.filter(({ path }) => !MADE.has(path) && !isNamed(path, NAMES))
        .map(({ path, line }) => `${page}:${line} ${path}`),
    );
    expect(missing).toEqual([]);
  });

  it('link to files that are there', () => {
    const missing = PAGES.flatMap((page) =>
      pathsIn(read(page))
        .links.filter(({ path }) => path !== '' && !isNamed(normalize(join(dirname(page), path)), FILES))
        .map(({ path, line }) => `${page}:${line} ${path}`),
    );
    expect(missing).toEqual([]);
  });

  it('link to headings that are there', () => {
    const links = PAGES.flatMap((page) =>
      pathsIn(read(page)).links.flatMap(({ path, line, anchor }) => {
        const target = path === '' ? page : normalize(join(dirname(page), path)).replace(/\/$/, '');
        // A git host shows the README of a folder.
        const shown = [target, `${target}/README.md`].find((file) => file.endsWith('.md') && FILES.includes(file));
        return anchor === undefined || shown === undefined ? [] : [{ from: `${page}:${line}`, shown, anchor }];
      }),
    );
    expect(links.length).toBeGreaterThan(50);
    const missing = links.filter(({ shown, anchor }) => !anchorsIn(read(shown)).has(anchor));
    expect(missing.map(({ from, shown, anchor }) => `${from} ${shown}#${anchor}`)).toEqual([]);
  });
});

describe('ARCHITECTURE.md', () => {
  const page = read('ARCHITECTURE.md');

  it('names every folder of every package', () => {
    const folders = FILES.flatMap((file) => /^packages\/([^/]+)\/src\/([^/]+\/)/.exec(file)?.slice(1).join(' ') ?? []);
    const missing = [...new Set(folders)].filter((folder) => {
      const [name = '', room = ''] = folder.split(' ');
      return !page.includes(`\`${room}\``) || !page.includes(name);
    });
    expect(missing).toEqual([]);
  });

  it('gives a floor to every file that stands alone in the router', () => {
    const alone = FILES.flatMap((file) => /^packages\/db-router\/src\/([^/]+\.ts)$/.exec(file)?.[1] ?? []);
    expect(alone.filter((file) => file !== 'index.ts' && !page.includes(`\`${file}\``))).toEqual([]);
  });
});
