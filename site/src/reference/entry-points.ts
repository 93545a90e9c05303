import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A module that a package exports. */
export interface EntryPoint {
  /** As it is imported: `@regionkit/db-router/http`. */
  readonly name: string;
  /** Of its page: `db-router-http`. */
  readonly id: string;
  /** Its source, from the root of the repository. */
  readonly source: string;
}

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, { readonly '@regionkit/source'?: string } | string>>;
}

/** Tools of the packages for each other: no part of what is promised to an app. */
const INTERNAL = new Set(['@regionkit/core/kit', '@regionkit/core/operator']);

export function entryPointsOf(folder: string, { name, exports }: Manifest): readonly EntryPoint[] {
  return Object.entries(exports).flatMap(([path, target]) => {
    const source = typeof target === 'string' ? undefined : target['@regionkit/source'];
    if (source === undefined) return [];
    const id = [folder, ...path.split('/').slice(1)].join('-');
    return [{ name: path === '.' ? name : `${name}${path.slice(1)}`, id, source: join('packages', folder, source) }];
  });
}

/** Whether it has a page. `regionkit/session` and the like have none: each is `@regionkit/session` again. */
export function isShown({ name, source }: EntryPoint): boolean {
  return !INTERNAL.has(name) && !source.startsWith('packages/regionkit/src/packages/');
}

export function readEntryPoints(root: string): readonly EntryPoint[] {
  return readdirSync(join(root, 'packages')).flatMap((folder) =>
    entryPointsOf(folder, JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8'))),
  );
}
