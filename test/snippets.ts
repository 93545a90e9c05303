/** A page's ts blocks as one module, and where on the page each of its lines stands. */
export interface Snippets {
  readonly source: string;
  /** The line of the page, from 1, by line of `source`, from 0; 0 for a line the page does not have. */
  readonly lines: readonly number[];
}

const IMPORT = /^import (?:type )?[^;]*?from '[^']+';(?=$| *\/\/)/gm;

/**
 * A page is one program: each block sees what the blocks above it declare, and may declare it anew, so each is put into
 * a scope inside the one before, and imports go to the top. What a reader has from elsewhere stands in a comment that is
 * not shown, `<!-- ts … -->`, before the block that needs it: `let queue!: Queue;`, since a scope knows no `declare`.
 *
 * @returns undefined for a page without a ts block
 */
export function snippetsOf(page: string): Snippets | undefined {
  const imports = new Map<string, number>();
  const body: [text: string, line: number][] = [];
  let scopes = 0;
  for (const { text, line } of blocksOf(page)) {
    const own = text.replace(IMPORT, (statement, at: number) => {
      for (const one of oneByOne(statement)) if (!imports.has(one)) imports.set(one, line + linesBefore(text, at));
      return statement.replaceAll(/[^\n]/g, '');
    });
    body.push(['{', 0]);
    scopes += 1;
    // Only a module exports; inside a scope the declaration is all there is to check.
    for (const [at, code] of own.split('\n').entries())
      body.push([code.replace(/^export (?:default )?/, ''), line + at]);
  }
  if (scopes === 0) return undefined;
  const all = [...imports, ...body, ['}'.repeat(scopes), 0] as const, ['export {};', 0] as const];
  return { source: all.map(([code]) => code).join('\n'), lines: all.map(([, line]) => line) };
}

/** What ts blocks and hidden contexts hold, and the line of the page on which it begins. */
function blocksOf(page: string): { readonly text: string; readonly line: number }[] {
  const blocks = page.matchAll(/^(?:```ts|<!-- ts)\n([\s\S]*?)^(?:```|-->)$/gm);
  return [...blocks].map(({ 1: text = '', index }) => ({ text, line: linesBefore(page, index) + 2 }));
}

/** `import a, { b, type c } from 'm'` as one statement a name, so that two blocks may import the same. */
function oneByOne(statement: string): string[] {
  const [, type = '', standard, named = '', from = ''] =
    /^import (type )?(?:([\w$*][\w$ *]*),? ?)?(?:\{([^}]*)\})? ?from ('[^']+');$/.exec(statement) ?? [];
  const names = named.split(',').flatMap((name) => name.trim() || []);
  return [
    ...(standard === undefined ? [] : [`import ${type}${standard.trim()} from ${from};`]),
    ...names.map((name) => `import ${type}{ ${name} } from ${from};`),
  ];
}

const linesBefore = (text: string, at: number): number => text.slice(0, at).split('\n').length - 1;
