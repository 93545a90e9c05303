import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../runbooks/', import.meta.url));

/** The pages, without the index. */
export const runbookNames = (): readonly string[] =>
  readdirSync(FOLDER).filter((name) => name.endsWith('.md') && name !== 'README.md');

export const readRunbook = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');

/** Every command of the page, from `regionkit` on: a line of a block, or code in a sentence. */
export function commandsIn(page: string): readonly string[] {
  const lines = page.split('\n').map((line) => line.trim());
  return lines.flatMap((line) =>
    line.startsWith('npx regionkit ')
      ? [line.slice('npx '.length)]
      : [...line.matchAll(/`(?:npx )?(regionkit [^`]+)`/g)].map(([, command = '']) => command),
  );
}

/** The blocks of shell of a page: each is one step. */
export function stepsIn(page: string): readonly string[] {
  return [...page.matchAll(/^ *```sh\n([\s\S]*?)^ *```$/gm)].map(([, block = '']) =>
    block
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .join('\n'),
  );
}
