import { slug } from '../site/src/slug.ts';

/** A path that a page names, and its line, from 1. */
export interface NamedPath {
  readonly path: string;
  readonly line: number;
}

/** A link inside the repository. The path of a link to a heading of the same page is empty. */
export interface Link extends NamedPath {
  /** The heading that it leads to, as the part after `#`. */
  readonly anchor?: string;
}

/**
 * The paths in the text of a page: code such as `routing/decide.ts`, `topology/` or `src/*.ts`, and the targets of links
 * inside the repository. Blocks of code are left out, and so are routes (`/health`) and names of packages (`@types/pg`).
 */
export function pathsIn(page: string): { readonly code: readonly NamedPath[]; readonly links: readonly Link[] } {
  const code: NamedPath[] = [];
  const links: Link[] = [];
  let isBlock = false;
  for (const [at, text] of page.split('\n').entries()) {
    if (text.trimStart().startsWith('```')) isBlock = !isBlock;
    if (isBlock) continue;
    for (const [, path = ''] of text.matchAll(/`([\w.*-][\w.*/-]*(?:\.(?:ts|mts|js|mjs|json|md|ya?ml|sh)|\/))`/g))
      code.push({ path, line: at + 1 });
    for (const [, path = '', anchor] of text.matchAll(/\]\((?!\))([^)#\s:]*)(?:#([^)]*))?\)/g))
      links.push({ path, line: at + 1, ...(anchor !== undefined && { anchor }) });
  }
  return { code, links };
}

/** Whether `path` names one of `files`, or a folder of them. A star stands for any part of one name. */
export function isNamed(path: string, files: readonly string[]): boolean {
  const pattern = path
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replace(/\/$/, '');
  const named = new RegExp(`^${pattern}(?:/|$)`);
  return files.some((file) => named.test(file));
}

/** The anchors of the headings of a page, as a git host makes them: a repeated heading gets a number. */
export function anchorsIn(page: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  let isBlock = false;
  for (const text of page.split('\n')) {
    if (text.trimStart().startsWith('```')) isBlock = !isBlock;
    const [, heading] = isBlock ? [] : (/^#{1,6} +(.+?) *$/.exec(text) ?? []);
    if (heading === undefined) continue;
    const anchor = slug(heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1'));
    let unique = anchor;
    for (let again = 1; anchors.has(unique); again += 1) unique = `${anchor}-${again}`;
    anchors.add(unique);
  }
  return anchors;
}
