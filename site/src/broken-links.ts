import { posix } from 'node:path';

/**
 * The links of a built site that lead nowhere, as `page: link`: to a file that is not there, or to a heading that its
 * page does not have. VitePress checks the first for Markdown; this checks what is served.
 *
 * @param files the text of each HTML page, and an empty text for each other file, by its path
 */
export function brokenLinks(files: ReadonlyMap<string, string>, base = '/'): readonly string[] {
  const ids = new Map([...files].map(([path, html]) => [path, idsOf(html)]));
  return [...files].flatMap(([path, html]) =>
    [...html.matchAll(/<[a-z][^>]* (?:href|src)="([^"]*)"/g)].flatMap(([, link = '']) =>
      leadsSomewhere(path, decode(link), ids, base) ? [] : [`${path}: ${decode(link)}`],
    ),
  );
}

function leadsSomewhere(
  path: string,
  link: string,
  ids: ReadonlyMap<string, ReadonlySet<string>>,
  base: string,
): boolean {
  if (/^[a-z]+:|^\/\//.test(link)) return true;
  const [, target = '', hash = ''] = /^([^#?]*)[^#]*#?(.*)$/.exec(link) ?? [];
  const file = target === '' ? path : fileOf(path, target, base);
  const found = ids.get(file);
  return found !== undefined && (hash === '' || !file.endsWith('.html') || found.has(decodeURIComponent(hash)));
}

function fileOf(path: string, target: string, base: string): string {
  // Outside the path of the site: kept as it is, so that it is no file of the site.
  const full = target.startsWith(base)
    ? target.slice(base.length)
    : target.startsWith('/')
      ? target
      : posix.join(posix.dirname(path), target);
  return full === '' || full.endsWith('/') ? `${full}index.html` : full;
}

function idsOf(html: string): ReadonlySet<string> {
  return new Set([...html.matchAll(/<[a-z][^>]* id="([^"]+)"/g)].map(([, id = '']) => decode(id)));
}

const decode = (text: string): string =>
  text.replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#39;', "'");
