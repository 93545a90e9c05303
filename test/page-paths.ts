/** A path that a page names, and its line, from 1. */
export interface NamedPath {
  readonly path: string;
  readonly line: number;
}

/**
 * The paths in the text of a page: code such as `routing/decide.ts`, `topology/` or `src/*.ts`, and the targets of links
 * inside the repository. Blocks of code are left out, and so are routes (`/health`) and names of packages (`@types/pg`).
 */
export function pathsIn(page: string): { readonly code: readonly NamedPath[]; readonly links: readonly NamedPath[] } {
  const code: NamedPath[] = [];
  const links: NamedPath[] = [];
  let isBlock = false;
  for (const [at, text] of page.split('\n').entries()) {
    if (text.trimStart().startsWith('```')) isBlock = !isBlock;
    if (isBlock) continue;
    for (const [, path = ''] of text.matchAll(/`([\w.*-][\w.*/-]*(?:\.(?:ts|mts|js|mjs|json|md|ya?ml|sh)|\/))`/g))
      code.push({ path, line: at + 1 });
    for (const [, path = ''] of text.matchAll(/\]\(([^)#\s:]+)(?:#[^)]*)?\)/g)) links.push({ path, line: at + 1 });
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
