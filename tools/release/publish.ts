import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { Manifest } from './copy-release.ts';
import { publishTarballs } from './publish-tarballs.ts';

/**
 * Publishes the tarballs of the packages of this repository. The workflow of the release runs it, with nothing installed:
 *
 *     node tools/release/publish.ts FOLDER [options of npm publish]
 */
const [folder = '', ...options] = process.argv.slice(2);
const packages = new URL('../../packages/', import.meta.url);
const expected = readdirSync(packages).map(
  (name) => JSON.parse(readFileSync(new URL(`${name}/package.json`, packages), 'utf8')) as Manifest,
);
const registry = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim().replace(/\/*$/, '/');

try {
  const published = await publishTarballs({ folder, expected, registry, options });
  const there = expected.length - published.length;
  process.stdout.write(`published ${published.length} packages, ${there} were there: ${published.join(' ')}\n`);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
