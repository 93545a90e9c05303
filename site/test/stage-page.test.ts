import { describe, expect, it } from 'vitest';
import { stagePage } from '../src/stage-page.ts';

const context = {
  files: new Set([
    'README.md',
    'docs/guide.md',
    'docs/drawings/read.svg',
    'docs/decisions/README.md',
    'examples/koa/src/app.ts',
    'packages/session/README.md',
  ]),
  repository: 'https://git.example/shop',
};
const staged = (page: string, source = 'docs/guide.md') =>
  stagePage(source, page, context).replace(/^---\nsource: .*\n---\n\n/, '');

describe('stagePage()', () => {
  it('names the file that the page is made from', () => {
    expect(stagePage('docs/guide.md', '# Guide\n', context)).toBe('---\nsource: docs/guide.md\n---\n\n# Guide\n');
  });

  it.each([
    ['a page', '[a](../packages/session/README.md)', '[a](/packages/session/index.md)'],
    ['a heading of a page', '[a](../packages/session/README.md#keys)', '[a](/packages/session/index.md#keys)'],
    ['a folder that has a page', '[`a`](../packages/session#keys)', '[`a`](/packages/session/index.md#keys)'],
    ['a folder with a slash at its end', '[a](decisions/)', '[a](/decisions/index.md)'],
    ['the first page', '[a](../README.md)', '[a](/index.md)'],
    ['this page', '[a](#start)', '[a](#start)'],
    ['a source', '[a](../examples/koa/src/app.ts)', '[a](https://git.example/shop/blob/main/examples/koa/src/app.ts)'],
    ['a folder of sources', '[a](../examples/koa)', '[a](https://git.example/shop/tree/main/examples/koa)'],
    ['another site', '[a](https://example.com/a.md)', '[a](https://example.com/a.md)'],
    ['a picture', '![a](drawings/read.svg)', '![a](./drawings/read.svg)'],
    ['a picture of HTML', '<img src="drawings/read.svg">', '<img src="./drawings/read.svg">'],
    ['a definition', '[a]: ../README.md', '[a]: /index.md'],
    ['two links', '[a](../README.md) [b](guide.md)', '[a](/index.md) [b](/guide.md)'],
  ])('rewrites a link to %s', (_, page, expected) => {
    expect(staged(page)).toBe(expected);
  });

  it('rewrites a link of a picture from the root of the repository', () => {
    expect(staged('![a](docs/drawings/read.svg)', 'README.md')).toBe('![a](./drawings/read.svg)');
  });

  it('leaves code as it is', () => {
    const page = '`[a](none.md)`\n\n```md\n[a](none.md)\n<!-- shown -->\n```\n';
    expect(staged(page)).toBe(page);
  });

  it('drops hidden blocks, also one that holds a fence', () => {
    const page = 'Before.\n\n<!-- ts\nlet a!: number;\n```\n-->\n```ts\na;\n```\n\n<!-- one line -->\nAfter.\n';
    expect(staged(page)).toBe('Before.\n\n```ts\na;\n```\n\nAfter.\n');
  });

  it('refuses a link that leads to no file', () => {
    expect(() => staged('[a](none.md)')).toThrow('docs/guide.md: no file is where the link none.md leads');
  });
});
