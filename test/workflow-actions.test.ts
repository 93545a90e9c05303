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
    expect([...commits.keys()].sort()).toEqual(['actions/checkout', 'actions/setup-node', 'actions/upload-artifact']);
  });
});
