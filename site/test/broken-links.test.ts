import { describe, expect, it } from 'vitest';
import { brokenLinks } from '../src/broken-links.ts';

const page = (body: string) => `<html><body><h1 id="top">A &amp; B</h1>${body}</body></html>`;

describe('brokenLinks()', () => {
  it.each([
    ['a page', '<a class="x" href="/deep/b.html">b</a>', []],
    ['a folder', '<a href="/deep/">b</a>', []],
    ['a heading', '<a href="/deep/b.html#top">b</a>', []],
    ['a heading of this page', '<a href="#top">a</a>', []],
    ['a file beside this page', '<img src="./picture.svg">', []],
    ['another site', '<a href="https://example.com/none">a</a>', []],
    ['a page that is not there', '<a href="/none.html">a</a>', ['a.html: /none.html']],
    ['a heading that is not there', '<a href="/deep/b.html#none">a</a>', ['a.html: /deep/b.html#none']],
    ['no heading of this page', '<a href="#none">a</a>', ['a.html: #none']],
    ['a picture that is not there', '<img src="./none.svg">', ['a.html: ./none.svg']],
  ])('a link to %s', (_, body, expected) => {
    const files = new Map([
      ['a.html', page(body)],
      ['picture.svg', ''],
      ['deep/b.html', page('')],
      ['deep/index.html', page('')],
    ]);
    expect(brokenLinks(files)).toEqual(expected);
  });

  it('follows links below the path of the site', () => {
    const files = new Map([['a.html', page('<a href="/shop/a.html">a</a><a href="/a.html">a</a>')]]);
    expect(brokenLinks(files, '/shop/')).toEqual(['a.html: /a.html']);
  });
});
