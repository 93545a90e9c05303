import { deepStrictEqual, rejects } from 'node:assert';
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../consumers/packed.ts';
import { startLossyFront } from './lossy-front.ts';
import { type PublishTarballsOptions, publishTarballs } from './publish-tarballs.ts';
import type { Registry } from './registry.ts';

/** How many are published before the network is lost. */
const ANSWERED = 4;

/**
 * Publishes as a release does whose network is lost half-way, and which is run again: with a tarball that was built anew
 * and differs, which must change nothing, and then with the same tarballs.
 *
 * @returns what was seen
 */
export async function publishHalfDone(
  registry: Registry,
  { folder, expected }: Pick<PublishTarballsOptions, 'folder' | 'expected'>,
  scratch: string,
): Promise<string> {
  const publish = (tarballs: string, url: string): Promise<readonly string[]> => {
    const settings = join(scratch, 'npmrc-to-publish');
    writeFileSync(settings, registry.settingsFor(url));
    const env = { NPM_CONFIG_USERCONFIG: settings, NPM_CONFIG_UPDATE_NOTIFIER: 'false', NPM_CONFIG_FETCH_RETRIES: '0' };
    return publishTarballs({ folder: tarballs, expected, registry: url, env });
  };

  const front = await startLossyFront(registry.url, ANSWERED);
  try {
    await rejects(publish(folder, front.url), new RegExp(`${ANSWERED} of ${expected.length} packages were there`));
  } finally {
    front.close();
  }
  await rejects(publish(withOtherCore(folder, scratch), registry.url), /has @regionkit\/core \S+ with other content/);
  const rest = await publish(folder, registry.url);
  // The answer to one more was lost, and that one is there.
  deepStrictEqual(rest.length, expected.length - ANSWERED - 1);
  deepStrictEqual(await publish(folder, registry.url), []);
  return (
    `published to a registry on this machine: ${ANSWERED}, then no network; other content under the same version was ` +
    `refused; run again, the other ${rest.length}, and the one whose answer was lost was left out`
  );
}

/** The same tarballs, but for one line in the package that is published first. */
function withOtherCore(folder: string, scratch: string): string {
  const other = join(scratch, 'other-tarballs');
  cpSync(folder, other, { recursive: true });
  const [core = ''] = readdirSync(other).filter((name) => name.startsWith('regionkit-core-'));
  const unpacked = join(scratch, 'other-core');
  mkdirSync(unpacked);
  run('tar', ['-xzf', join(other, core), '-C', unpacked], scratch);
  writeFileSync(join(unpacked, 'package/README.md'), 'Another line.\n', { flag: 'a' });
  run('tar', ['-czf', join(other, core), '-C', unpacked, 'package'], scratch);
  return other;
}
