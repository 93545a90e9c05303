import { readFileSync } from 'node:fs';

const FALLBACK = 'https://github.com/regionkit/regionkit';

/** The address of the repository, from `repository` of the root's package.json. */
export function repositoryOf(manifest: { readonly repository?: string | { readonly url: string } }): string {
  const { repository } = manifest;
  const url = typeof repository === 'string' ? repository : repository?.url;
  return (url ?? FALLBACK).replace(/^git\+/, '').replace(/\.git$/, '');
}

export function readRepository(): string {
  return repositoryOf(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')));
}
