import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { compileErrors } from './compile.ts';
import { projectFiles } from './project-files.ts';
import { snippetsOf } from './snippets.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
/** An app that has every package installed: what a page imports is found from here. */
const APP = join(ROOT, 'examples/three-regions');

/** What people read: not the reports that the API tool writes. */
const PAGES = projectFiles(ROOT).filter((path) => path.endsWith('.md') && !/(?:^|\/)\.|\.api\.md$/.test(path));

describe('snippetsOf', () => {
  it('puts a block into the scope of the one before, imports on top, and knows each line of the page', () => {
    const page = [
      '# A page',
      '```ts',
      "import a, { b } from 'm';",
      'const c = a(b);',
      '```',
      '<!-- ts',
      'let d!: number;',
      '-->',
      '```ts',
      "import { b } from 'm';",
      'export const c = d;',
      '```',
    ].join('\n');
    expect(snippetsOf(page)).toEqual({
      source: [
        "import a from 'm';",
        "import { b } from 'm';",
        ...['{', '', 'const c = a(b);', ''],
        ...['{', 'let d!: number;', ''],
        ...['{', '', 'const c = d;', ''],
        '}}}',
        'export {};',
      ].join('\n'),
      lines: [3, 3, 0, 3, 4, 5, 0, 7, 8, 0, 10, 11, 12, 0, 0],
    });
    expect(snippetsOf('# A page\n```sh\nls\n```\n')).toBeUndefined();
  });
});

describe('what the pages show', () => {
  it('compiles', { timeout: 300_000 }, () => {
    const modules = PAGES.flatMap((page) => {
      const snippets = snippetsOf(readFileSync(join(ROOT, page), 'utf8'));
      return snippets === undefined ? [] : [{ name: page, ...snippets }];
    });
    expect(modules.length).toBeGreaterThanOrEqual(9);
    expect(compileErrors(APP, modules)).toEqual([]);
  });
});
