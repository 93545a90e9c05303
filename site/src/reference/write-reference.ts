import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { convert } from './convert.ts';
import { type EntryPoint, isShown, readEntryPoints } from './entry-points.ts';
import { factoriesOf } from './factory-options.ts';
import { optionsPage } from './options-page.ts';

export interface MadePage {
  readonly path: string;
  readonly text: string;
}

const OPTIONS = 'reference/options.md';
const apiPage = ({ id }: EntryPoint): string => `reference/api/${id}.md`;

/** The pages that are made from the types. */
export function referencePages(root: string): readonly string[] {
  return [OPTIONS, ...readEntryPoints(root).filter(isShown).map(apiPage)];
}

/** Makes the pages of all options and of each entry point's API from the types and their doc comments. */
export async function writeReference(root: string, repository: string): Promise<readonly MadePage[]> {
  const entries = readEntryPoints(root).filter(isShown);
  const folder = mkdtempSync(join(tmpdir(), 'regionkit-api-'));
  try {
    const project = await convert(root, entries, { folder, repository });
    return [
      { path: OPTIONS, text: optionsPage(factoriesOf(project)) },
      ...entries.map((entry) => {
        const text = readFileSync(join(folder, `${entry.id}.md`), 'utf8');
        return { path: apiPage(entry), text: text.replace(/^# .*/, `# ${entry.name}`) };
      }),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
