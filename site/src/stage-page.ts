import { posix } from 'node:path';
import { isPage, isPicture, routeOf } from './routes.ts';

export interface StageContext {
  /** Every file of the repository: what a link may lead to. */
  readonly files: ReadonlySet<string>;
  /** The address of the repository, for links to files that the site does not show. */
  readonly repository: string;
}

/** A page of the repository as the site needs it: without hidden blocks, and with links that lead to its own pages. */
export function stagePage(source: string, page: string, context: StageContext): string {
  const shown = outsideFences(page, (text) => mapLinks(text, (target) => rewrite(source, target, context)));
  return `---\nsource: ${source}\n---\n\n${shown}`;
}

/** Applies `edit` to the text of a page, but not to its blocks of code. Comments outside them are dropped. */
function outsideFences(page: string, edit: (text: string) => string): string {
  // A block of code or a comment, whichever begins first: either may contain what looks like the other.
  const parts = page.split(/(^ *(`{3,}|~{3,})[^\n]*\n[\s\S]*?^ *\2`*~*[ \t]*$|<!--[\s\S]*?-->\n?)/m);
  let result = '';
  // `split` gives: text, part, the fence of the part, text …
  for (let at = 0; at < parts.length; at += 3) {
    result += edit(parts[at] ?? '');
    const part = parts[at + 1] ?? '';
    if (!part.startsWith('<!--')) result += part;
  }
  return result;
}

/** Replaces each target of a link, a picture or a definition that is not inside code. */
function mapLinks(text: string, map: (target: string) => string): string {
  return text
    .split(/(`+[^`\n]+`+)/)
    .map((part, at) =>
      at % 2 === 1
        ? part
        : part
            .replace(/\]\(([^)\s]+)/g, (_, target: string) => `](${map(target)}`)
            .replace(/^(\[[^\]]+\]: +)(\S+)/gm, (_, before: string, target: string) => before + map(target))
            .replace(/\b(href|src|srcset)="([^"]+)"/g, (_, name: string, target: string) => `${name}="${map(target)}"`),
    )
    .join('');
}

/** @throws {Error} a link leads to no file */
function rewrite(source: string, target: string, { files, repository }: StageContext): string {
  const [, path = '', hash = ''] = /^([^#]*)(.*)$/.exec(target) ?? [];
  if (path === '' || /^[a-z]+:|^\/\//.test(path)) return target;
  const file = posix.join(posix.dirname(source), path).replace(/\/$/, '');
  const page = [file, file === '.' ? 'README.md' : `${file}/README.md`].find((each) => files.has(each) && isPage(each));
  if (page !== undefined) return `/${routeOf(page)}${hash}`;
  if (files.has(file) && isPicture(file)) return relative(routeOf(source), routeOf(file));
  if (files.has(file)) return `${repository}/blob/main/${file}${hash}`;
  if ([...files].some((each) => each.startsWith(`${file}/`))) return `${repository}/tree/main/${file}`;
  throw new Error(`${source}: no file is where the link ${target} leads`);
}

function relative(from: string, to: string): string {
  const path = posix.relative(posix.dirname(from), to);
  return path.startsWith('.') ? path : `./${path}`;
}
