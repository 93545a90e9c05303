import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../', import.meta.url);
const FOLDERS = ['.github/workflows/', 'infra/pipeline/github/'];

const used = FOLDERS.flatMap((folder) =>
  readdirSync(new URL(folder, ROOT)).flatMap((name) =>
    [...readFileSync(new URL(`${folder}${name}`, ROOT), 'utf8').matchAll(/uses: (.+)$/gm)].map(([, action = '']) => ({
      file: `${folder}${name}`,
      action,
    })),
  ),
).filter(({ action }) => !action.startsWith('./'));

describe('the actions of workflows, ours and those to copy', () => {
  it('are named by their commit, with the version behind it: a tag can be moved', () => {
    expect(new Set(used.map(({ file }) => file)).size).toBe(4);
    expect(used.filter(({ action }) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action))).toEqual([]);
  });

  it('are the same commit in every workflow', () => {
    const commits = new Map<string, Set<string>>();
    for (const { action } of used) {
      const [name = '', commit = ''] = action.split('@');
      commits.set(name, (commits.get(name) ?? new Set()).add(commit));
    }
    expect([...commits].filter(([, all]) => all.size > 1)).toEqual([]);
    expect([...commits.keys()].sort()).toEqual([
      'actions/checkout',
      'actions/download-artifact',
      'actions/setup-node',
      'actions/upload-artifact',
    ]);
  });
});

describe('the job of the release that has the token', () => {
  /** The modules that a file loads, its own and those of others. Imports of types are gone when Node runs it. */
  const loadedBy = (file: URL): readonly string[] =>
    [...readFileSync(file, 'utf8').matchAll(/^import (?!type )(?:[^;]*?from )?'([^']+)';/gm)].flatMap(
      ([, name = '']) => (name.startsWith('.') ? [name, ...loadedBy(new URL(name, file))] : [name]),
    );

  it('runs no module of a package: its script needs nothing installed', () => {
    const loaded = loadedBy(new URL('tools/release/publish.ts', ROOT));
    expect(loaded).toEqual(
      expect.arrayContaining(['node:child_process', './publish-tarballs.ts', './publish-plan.ts']),
    );
    expect(loaded.filter((name) => !/^(?:node:|\.\/)/.test(name))).toEqual([]);
  });
});
